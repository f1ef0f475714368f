"""Draw how hard the rows of each family are to detect against the time it trained, beside the peers: docs/families.svg.

    python -m benchmarks.families.drawing

Our medians are those that `benchmarks/tabular.py --save docs/families.json` measured; the peers' stand in peers.json
with their sources.
"""

import json
from pathlib import Path

import matplotlib.pyplot as plt
from matplotlib.axes import Axes

ROOT = Path(__file__).resolve().parents[2]
OURS, PEERS, DRAWING = (
    ROOT / "docs" / "families.json",
    ROOT / "benchmarks" / "peers" / "peers.json",
    ROOT / "docs" / "families.svg",
)


def main() -> None:
    ours, peers = json.loads(OURS.read_text()), json.loads(PEERS.read_text())
    plt.rcParams |= {"svg.hashsalt": "families", "font.size": 9}
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
    figure.savefig(DRAWING, metadata={"Date": None})


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
