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
ATTACKS = {"loss": "AUC of the loss attack", "released": "AUC of the strongest attack from released rows"}
BOUND = 0.6  # on the loss attack's AUC, the default of `generator.options.memory`


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
    """Draw docs/frontier.svg: an attack a row, a table a column, a colour for each number of rows."""
    found = json.loads((DOCS / "frontier.json").read_text())
    figure, axes = plt.subplots(len(ATTACKS), len(found), figsize=(9, 7.2), sharey=True, layout="constrained")
    for row, (attack, meaning) in zip(axes, ATTACKS.items(), strict=True):
        for axis, (data, sizes) in zip(row, found.items(), strict=True):
            for colour, (rows, families) in zip(("#c0701c", "#1f5fa8"), sizes.items(), strict=False):
                _remembering(axis, families, attack, colour, f"{int(rows):,} rows")
            if attack == "loss":
                axis.axvline(BOUND, color="#999999", linewidth=0.8, linestyle=":")
            axis.set(title=data.capitalize(), xlabel=meaning, ylim=(-0.05, 1.05), xlim=(0.45, None))
            axis.spines[["top", "right"]].set_visible(False)
            axis.legend(frameon=False, loc="upper right")
        row[0].set_ylabel("detection among unseen rows: 1 = undetected")
    figure.savefig(DOCS / "frontier.svg", metadata={"Date": None})


def _remembering(axis: Axes, families: dict[str, dict[str, float]], attack: str, colour: str, label: str) -> None:
    drawn = {name: figures for name, figures in families.items() if attack in figures}
    axis.plot(*zip(*((f[attack], f["unseen"]) for f in drawn.values()), strict=True), "o", color=colour, label=label)
    for name, figures in drawn.items():
        place = figures[attack], figures["unseen"]
        axis.annotate(name, place, xytext=(5, 4), textcoords="offset points", color=colour)


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
