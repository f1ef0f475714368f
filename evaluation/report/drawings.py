"""The report's figures as inline SVG: same input, same bytes; colours are CSS variables, so that dark mode and
print work.
"""

from __future__ import annotations

import html
import io
import re
from datetime import UTC, datetime
from typing import Any

import matplotlib
import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from matplotlib.typing import RcKeyType

from launderette.evaluation import units

# they stand for the CSS variables below
REAL_COLOUR, SYNTHETIC_COLOUR, INK, FAINT = "#1f6f8b", "#d9662b", "#101112", "#c0c1c2"
RISK_SHOWN = 0.005  # smaller success is drawn here
VARIABLES = {
    REAL_COLOUR: "var(--real)",
    SYNTHETIC_COLOUR: "var(--synthetic)",
    INK: "currentColor",
    FAINT: "var(--line)",
}
STYLE: dict[RcKeyType, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "launderette",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": FAINT,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.size": 0,
    "ytick.major.size": 0,
    "axes.axisbelow": True,
    "text.parse_math": False,
}


def column(chart: dict) -> str:
    """Real and synthetic shares of one column: steps for numbers, paired bars for labels."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(3.7, 2.3), layout="constrained")
        axes = figure.add_subplot()
        (_histogram if "edges" in chart else _bars)(axes, chart)
        return _svg(figure, f"Real and synthetic distribution of {chart['name']}")


def _histogram(axes: Any, chart: dict) -> None:
    unit = units.unit_of(np.array(chart["edges"]))
    edges = np.array(chart["edges"]) / unit  # an axis cannot be as long as the largest numbers
    narrow = np.diff(edges).min() / np.diff(edges)  # a wide cell is drawn as low as its rows lie thin
    axes.stairs(chart["real"] * narrow, edges, fill=True, color=REAL_COLOUR, alpha=0.35, linewidth=0)
    axes.stairs(chart["synthetic"] * narrow, edges, color=SYNTHETIC_COLOUR, linewidth=1.6)
    axes.set_xlim(edges[0], edges[-1])
    ticks, digits = np.linspace(edges[0], edges[-1], 3), np.log10(edges[-1] - edges[0]) + np.log10(unit)
    axes.set_xticks(ticks, [_tick(tick * unit, chart["kind"], digits) for tick in ticks])
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    axes.locator_params(axis="y", nbins=4)


def _tick(value: float, kind: str, width: float) -> str:
    """Write a place on an axis; `width` is the decimal logarithm of the axis' length."""
    if kind == "datetime" and width > np.log10(86_400) and abs(value) < 2e11:
        return datetime.fromtimestamp(value, UTC).strftime("%Y-%m-%d")
    digits = max(0, 1 - int(np.floor(width)))
    return f"{value:,.{digits}f}" if abs(value) < 1e7 and digits <= 6 else f"{value:.3g}"


def _bars(axes: Any, chart: dict) -> None:
    kept = [i for i, (a, b) in enumerate(zip(chart["real"], chart["synthetic"], strict=True)) if max(a, b) > 0.0005]
    place = np.arange(len(kept))[::-1]
    axes.barh(place + 0.2, [chart["real"][i] for i in kept], 0.36, color=REAL_COLOUR, alpha=0.6)
    axes.barh(place - 0.2, [chart["synthetic"][i] for i in kept], 0.36, color=SYNTHETIC_COLOUR)
    axes.set_yticks(place, [_short(chart["labels"][i], 18) for i in kept])
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=None))
    axes.locator_params(axis="x", nbins=4)


def _short(text: str, size: int) -> str:
    return text if len(text) <= size else text[: size - 1] + "…"


def associations(data: dict) -> str:
    """Three matrices of Cramer's V side by side: real, synthetic and their difference."""
    real, other = np.array(data["real"]), np.array(data["synthetic"])
    panels = [
        ("Real", real, "viridis", 0, 1),
        ("Synthetic", other, "viridis", 0, 1),
        ("Synthetic − real", other - real, "RdBu_r", -0.3, 0.3),
    ]
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(10.2, 3.9), layout="constrained")
        for number, (title, matrix, colours, low, high) in enumerate(panels):
            axes = figure.add_subplot(1, 3, number + 1)
            image = axes.imshow(matrix, cmap=colours, vmin=low, vmax=high, interpolation="nearest")
            axes.set_title(title, fontsize=10)
            names = [_short(n, 14) for n in data["names"]]
            size = 8 if len(names) <= 16 else 5.5
            axes.set_xticks(range(len(names)), names, rotation=90, fontsize=size)
            axes.set_yticks(range(len(names)), names if number == 0 else [], fontsize=size)
            bar = figure.colorbar(image, ax=axes, shrink=0.7, pad=0.02, aspect=25)
            bar.outline.set_visible(False)
        return _svg(figure, "Association between columns in real and synthetic rows, and the difference")


def roc(curves: dict[str, dict]) -> str:
    """Share of members recognised against false alarms on logarithmic axes, with the line of pure guessing."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.2, 3.7), layout="constrained")
        axes = figure.add_subplot()
        axes.plot([1e-4, 1], [1e-4, 1], color=INK, linestyle=":", linewidth=1, label="guessing")
        for (name, curve), colour, line in zip(
            curves.items(), (REAL_COLOUR, SYNTHETIC_COLOUR, INK), ("-", "--", "-."), strict=False
        ):
            axes.plot(
                curve["false_alarms"],
                np.maximum(curve["recognised"], 1e-4),
                color=colour,
                linestyle=line,
                linewidth=1.8,
                label=name,
            )
        axes.axvline(0.01, color=FAINT, linewidth=1)
        axes.set(
            xscale="log",
            yscale="log",
            xlim=(5e-4, 1),
            ylim=(5e-4, 1.05),
            xlabel="non-members wrongly accused",
            ylabel="training rows recognised",
        )
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_formatter(PercentFormatter(1, decimals=None))
            axis.set_ticks([0.001, 0.01, 0.1, 1], ["0.1 %", "1 %", "10 %", "100 %"])
            axis.set_ticks([], minor=True)
        axes.legend(frameon=False, loc="upper left", fontsize=8.5)
        return _svg(figure, "Success of the strongest membership attack against its false alarms")


def modes(detail: dict) -> str:
    """How full each group of training rows is among the synthetic rows, on a logarithmic scale about 1."""
    ratios = np.clip(detail["cell_ratio"], 0.05, 20)
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.2, 2.6), layout="constrained")
        axes = figure.add_subplot()
        axes.axhspan(0.1, 10, color=FAINT, alpha=0.18, linewidth=0)
        axes.axhline(1, color=INK, linewidth=0.8, linestyle=":")
        axes.vlines(
            range(len(ratios)), np.minimum(1, ratios), np.maximum(1, ratios), color=SYNTHETIC_COLOUR, linewidth=2
        )
        axes.plot(range(len(ratios)), ratios, "o", color=SYNTHETIC_COLOUR, markersize=3.5)
        axes.set(
            yscale="log",
            ylim=(0.04, 25),
            xlabel="groups of training rows, largest first",
            ylabel="synthetic / real share",
        )
        axes.set_yticks([0.1, 1, 10], ["0.1 ×", "1 ×", "10 ×"])
        axes.yaxis.set_ticks([], minor=True)
        axes.set_xticks([])
        return _svg(figure, "Share of each group of rows among the synthetic rows, relative to its real share")


def standings(tables: list[dict]) -> str:
    """Fidelity against the strongest attack, one circle per table, its size the diversity."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.6, 3.9), layout="constrained")
        axes = figure.add_subplot()
        shown = [t for t in tables if t["fidelity"] is not None and t["risk"] is not None]
        for number, table in enumerate(shown):
            x, y = table["fidelity"], max(table["risk"], RISK_SHOWN)
            axes.scatter(
                [x],
                [y],
                s=20 + 380 * (table["diversity"] or 0),
                color=REAL_COLOUR if table["passed"] is not False else SYNTHETIC_COLOUR,
                alpha=0.5,
                linewidth=0,
            )
            axes.annotate(
                f"{number + 1}  {_short(table['name'], 22)}",
                (x, y),
                xytext=(0, 12 + 9 * (number % 2)),
                textcoords="offset points",
                ha="right" if x > 0.6 else "left",
                fontsize=8.5,
            )
        axes.set(
            xlim=(-0.03, 1.06),
            ylim=(RISK_SHOWN * 0.7, 2.2),
            yscale="log",
            xlabel="fidelity: from shuffled columns to held-out rows",
            ylabel="success of the strongest attack",
        )
        axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=None))
        axes.yaxis.set_ticks([0.01, 0.1, 1], ["1 %", "10 %", "100 %"])
        axes.yaxis.set_ticks([], minor=True)
        return _svg(figure, "Fidelity and strongest attack of each table; the table above holds the numbers")


def forest(gains: list[tuple[str, dict]]) -> str:
    """One gain with its interval per strategy, and the line of no gain."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(7.2, 0.8 + 0.34 * len(gains)), layout="constrained")
        axes = figure.add_subplot()
        axes.axvline(0, color=INK, linewidth=1, linestyle=":")
        for place, (_, gain) in enumerate(reversed(gains)):
            colour = SYNTHETIC_COLOUR if gain["verdict"] == "harm" else REAL_COLOUR
            axes.hlines(
                place,
                gain["low"],
                gain["high"],
                color=colour,
                linewidth=2.2,
                alpha=0.45 if gain["verdict"] == "no gain" else 1,
            )
            axes.plot([gain["value"]], [place], "o", color=colour, markersize=5)
        axes.set_yticks(range(len(gains)), [_short(name, 40) for name, _ in reversed(gains)])
        axes.set(xlabel="gain", ylim=(-0.6, len(gains) - 0.4))
        return _svg(
            figure, "Gain of each strategy over no augmentation, with its interval; the tables below hold the numbers"
        )


def curve(points: list[tuple[str, float, float]], start: float) -> str:
    """A score against the rows added, per strategy, from the one without any."""
    with matplotlib.rc_context(STYLE):
        figure = Figure(figsize=(5.6, 3.4), layout="constrained")
        axes = figure.add_subplot()
        axes.axhline(start, color=REAL_COLOUR, linewidth=1, linestyle=":")
        axes.annotate("no augmentation", (0, start), xytext=(2, 4), textcoords="offset points", fontsize=8.5)
        for name, rows, score in sorted(points, key=lambda point: point[1]):
            axes.plot([rows], [score], "o", color=SYNTHETIC_COLOUR, markersize=5)
            axes.annotate(_short(name, 30), (rows, score), xytext=(4, 5), textcoords="offset points", fontsize=8)
        axes.set(
            xlabel="synthetic rows added to a training fold",
            ylabel="score",
            xlim=(0, 1.35 * max(1, *(point[1] for point in points))),
        )
        return _svg(figure, "Score against the number of synthetic rows; the table below holds the numbers")


def _svg(figure: Figure, label: str) -> str:
    out = io.StringIO()
    figure.savefig(
        out, format="svg", transparent=True, metadata={"Date": None, "Creator": None, "Format": None, "Type": None}
    )
    text = out.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'<g id="[^"]*">', "<g>", text)  # unused names that would repeat from figure to figure
    text = re.sub(
        r'^<svg [^>]*?(viewBox="[^"]*")[^>]*>',
        lambda m: (
            f'<svg {m[1]} role="img" aria-label="{html.escape(label)}" xmlns:xlink="http://www.w3.org/1999/xlink">'
        ),
        text,
    )
    for colour, variable in VARIABLES.items():
        text = text.replace(colour, variable)
    return re.sub(r"\n\s*", "\n", text)
