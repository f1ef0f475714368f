"""How models and schemas show themselves: one line in a terminal, a small table in a notebook, where training shows
its progress too; never a value of a row.
"""

import secrets
import sys
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any, ClassVar


def html_table(title: str, header: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    """Return a title and a table in HTML, every cell escaped."""
    head = "".join(f"<th>{escape(name)}</th>" for name in header)
    body = "".join("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>" for row in rows)
    return f"<p><strong>{escape(title)}</strong></p><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


class ShownModel:
    """A fitted model's name, columns and training, in short."""

    SHOWN: ClassVar = ("steps", "seconds", "device", "stopped")  # of the record
    schema: Any
    record: Mapping[str, Any]

    def __repr__(self) -> str:
        return (
            f"<{name_of(self)}: {_columns(self.schema)}, {self.record.get('steps', '?')} steps on "
            f"{self.record.get('device', '?')}>"
        )

    def _repr_html_(self) -> str:
        facts = [(key, _short(self.record[key])) for key in self.SHOWN if key in self.record]
        return html_table(name_of(self), ("training", ""), facts) + self.schema._repr_html_()


class ShownProgress:
    """Progress of a training as one output of a notebook's cell, which is drawn again at each call."""

    def __init__(self, publisher: Any) -> None:
        self.publisher, self.name, self.shown = publisher, secrets.token_hex(8), False  # names are of a process alone

    def __call__(self, status: Mapping[str, float]) -> None:
        step, steps = int(status["step"]), int(status["steps"])
        told = f"step {step:,} of {steps or '?'}, {status['seconds']:.0f} s, validation loss {status['validation']:.3f}"
        bar = f"<progress value={step} max={steps or step}></progress> {escape(told)}"
        data = {"text/plain": told, "text/html": bar}
        self.publisher.publish(data, transient={"display_id": self.name}, update=self.shown)
        self.shown = True


def progress() -> ShownProgress | None:
    """Return what shows a training's progress in the notebook that this process serves, None where it serves none."""
    library = sys.modules.get("IPython")
    shell: Any = library.get_ipython() if library else None
    return ShownProgress(shell.display_pub) if getattr(shell, "kernel", None) else None


def name_of(model: object) -> str:
    """Return the name of the generator that a model is of: the path of its module."""
    return ".".join(type(model).__module__.split(".")[-2:])


def _columns(schema: Any) -> str:
    return f"{len(schema.columns)} column{'s' if len(schema.columns) > 1 else ''}"


def _short(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
