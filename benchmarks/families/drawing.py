"""Draw how hard the rows of each family are to detect, beside the peers.

    python -m benchmarks.families.drawing

docs/families.svg: against the time it trained. Our medians are those that `benchmarks/tabular.py --save
docs/families.json` measured; the peers' stand in peers.json with their sources.
docs/frontier.svg: among unseen rows, against what an attack recognises of the training rows, as
`python -m benchmarks.families.frontier --save docs/frontier.json` measured both.
"""

import json
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

ROOT = Path(__file__).resolve().parents[2]
DOCS, PEERS = ROOT / "docs", ROOT / "benchmarks" / "peers" / "peers.json"


def main() -> None:
    plt.rcParams |= {"svg.hashsalt": "families", "font.size": 9}
    families()
    frontier()


def families() -> None:
    """Draw docs/families.svg."""
    ours, peers = json.loads((DOCS / "families.json").read_text()), json.loads(PEERS.read_text())
    figure, axes = plt.subplots(1, len(ours), figsize=(9, 3.6), sharey=True, layout="constrained")
    for axis, (data, families) in zip(axes, ours.items(), strict=True):
        _points(
            axis, {name.removeprefix("tabular."): row for name, row in families.items()}, "#1f5fa8", "right", "bold"
        )
        _points(axis, peers[data], "#777777", "left", "normal")
        axis.set(
            title=data.capitalize(), xscale="log", xlim=(3, 60_000), ylim=(-0.05, 1.05), xlabel="seconds of training"
        )
        axis.spines[["top", "right"]].set_visible(False)
    axes[0].set_ylabel("C2ST-XGB: 1 = undetected")
    figure.savefig(DOCS / "families.svg", metadata={"Date": None})


def frontier() -> None:
    """Draw docs/frontier.svg: a number of rows a row, a table a column."""
    found = json.loads((DOCS / "frontier.json").read_text())
    counts = list(next(iter(found.values())))
    figure, axes = plt.subplots(
        len(counts), len(found), figsize=(9, 7.6), sharex=True, sharey=True, layout="constrained"
    )
    for row, rows in zip(axes, counts, strict=True):
        for axis, (data, sizes) in zip(row, found.items(), strict=True):
            _remembering(axis, sizes[rows])
            axis.set(title=f"{data.capitalize()}, {int(rows):,} rows", ylim=(-0.06, 0.8))
            axis.spines[["top", "right"]].set_visible(False)
        row[0].set_ylabel("detection among unseen rows: 1 = undetected")
    for axis in axes[-1]:
        axis.set_xlabel("attack's AUC: released rows (full), loss (hollow)")
    figure.savefig(DOCS / "frontier.svg", metadata={"Date": None})


def _remembering(axis: Axes, families: dict[str, dict[str, float]]) -> None:
    """Draw a point for what released rows give away of each family, joined to one for what the model does. Labels stand
    above and below in turn, for points lie near each other.
    """
    ordered = sorted(families.items(), key=lambda one: one[1]["released"])
    for k, (name, figures) in enumerate(ordered):
        colour, y = "#1f5fa8" if name.islower() else "#777777", figures["unseen"]
        axis.plot(figures["released"], y, "o", color=colour)
        if "loss" in figures:
            axis.plot(figures["loss"], y, "o", color=colour, fillstyle="none")
            axis.plot([figures["released"], figures["loss"]], [y, y], color=colour, linewidth=0.6)
        place = figures["released"], y
        offset = 0, 7 if k % 2 else -14
        axis.annotate(name, place, xytext=offset, textcoords="offset points", color=colour, ha="center")


def _points(axis: Axes, rows: dict[str, dict[str, float]], colour: str, side: str, weight: str) -> None:
    """Draw one point per row. Labels that end at their point stand below it but for the first, because these points
    lie near each other.
    """
    drawn = {name.split(" (")[0]: row for name, row in rows.items() if {"c2st_xgb", "fit_seconds"} <= row.keys()}
    for k, (name, row) in enumerate(drawn.items()):
        place, offset = (row["fit_seconds"], row["c2st_xgb"]), (-6, 5 if k == 0 else -11) if side == "right" else (5, 5)
        axis.plot(*place, "o", color=colour)
        axis.annotate(name, place, xytext=offset, textcoords="offset points", color=colour, weight=weight, ha=side)


if __name__ == "__main__":
    main()
