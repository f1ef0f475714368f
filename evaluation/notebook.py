"""Progress of a score in the cell of a notebook, drawn again before each metric; nothing outside notebooks."""

import secrets
import sys
from collections.abc import Callable, Mapping
from html import escape
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from launderette.evaluation.scores import Score


def each(metrics: Mapping[str, Callable[..., "Score"]], samples: object, seed: int) -> dict[str, "Score"]:
    """Return the score of each metric; while they are computed a notebook shows which one, and how many are done."""
    show, scores = _shown(), {}
    for done, (name, metric) in enumerate(metrics.items()):
        show(done, len(metrics), name)
        scores[name] = metric(samples, seed=seed)
    show(len(metrics), len(metrics), "")
    return scores


def _shown() -> Callable[[int, int, str], None]:
    """Return what draws the progress in the notebook that this process serves; nothing where it serves none."""
    library = sys.modules.get("IPython")
    shell: Any = library.get_ipython() if library else None
    if not getattr(shell, "kernel", None):
        return lambda done, metrics, name: None
    place = {"display_id": secrets.token_hex(8)}  # one output of the cell

    def show(done: int, metrics: int, name: str) -> None:
        told = f"{done} of {metrics} metrics" + (f", now {name}" if name else "")
        bar = f"<progress value={done} max={metrics}></progress> {escape(told)}"
        shell.display_pub.publish({"text/plain": told, "text/html": bar}, transient=place, update=done > 0)

    return show
