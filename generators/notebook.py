"""How models and schemas show themselves: one line in a terminal, a small table in a notebook; never a value of a
row.
"""

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
            f"<{_name(self)}: {_columns(self.schema)}, {self.record.get('steps', '?')} steps on "
            f"{self.record.get('device', '?')}>"
        )

    def _repr_html_(self) -> str:
        facts = [(key, _short(self.record[key])) for key in self.SHOWN if key in self.record]
        return html_table(_name(self), ("training", ""), facts) + self.schema._repr_html_()


def _name(model: object) -> str:
    return ".".join(type(model).__module__.split(".")[-2:])


def _columns(schema: Any) -> str:
    return f"{len(schema.columns)} column{'s' if len(schema.columns) > 1 else ''}"


def _short(value: object) -> str:
    return f"{value:.1f}" if isinstance(value, float) else str(value)
