"""Attack models through their loss: fitted as they come, and fitted until they know their rows by heart.

    python -m benchmarks.attacks.overfit --shared ../shared --data adult
    python -m benchmarks.attacks.overfit --shared ../shared --data adult --fresh 6

Early stopping is switched off by the data: each training row stands in the table four times, so that the inner
validation split holds what is learnt by heart, and weight decay is zero. Members are the training rows, non-members
5,000 fresh ones. `gap` is the mean loss of non-members less that of members, in nats; TPR is the share of members
recognised while 10 % of the non-members are accused, by the released rows alone and with the model's loss. Guessing
reaches 10 %.
"""

import argparse
from pathlib import Path

import numpy as np
import pandas as pd
from rich.console import Console
from rich.table import Table

import generators
from benchmarks.evaluation import cut, pooled
from evaluation import privacy, samples
from evaluation.scores import Score
from generators import Budget, Synthesizer

FAMILIES = "tabular.autoregressive", "tabular.diffusion"
NON_MEMBERS = 5000
HONEST = 300, 1000, 5000  # rows of models fitted as they come
BY_HEART = 300, 1000
REPEATS = 4
SHOWN = "model", "fitted", "rows", "steps", "gap", "TPR, released rows", "TPR, with the loss"


def main() -> None:
    options = _options()
    if options.fresh:
        return _fresh(options)
    for data in options.data:
        table = Table(*SHOWN, title=data, title_justify="left")
        for name in FAMILIES:
            for fitted, sizes in (("as it comes", HONEST), ("by heart", BY_HEART)):
                for rows in sizes:
                    table.add_row(
                        name, fitted, f"{rows:,}", *_attacked(options, data, name, rows, by_heart=fitted == "by heart")
                    )
        Console(width=140).print(table)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shared", type=Path, default=Path("../shared"))
    parser.add_argument("--data", nargs="+", default=["adult"])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--fresh", type=int, default=0, metavar="TIMES")
    return parser.parse_args()


def _fresh(options: argparse.Namespace) -> None:
    """Print the mean rate of the strongest attack on fresh rows, which give nobody away."""
    for data in options.data:
        for rows in HONEST:
            rates = []
            for seed in range(options.fresh):
                frame, _ = pooled(options.shared, data, seed)
                train, non_members, fresh = cut(frame, rows, min(NON_MEMBERS, len(frame) - 2 * rows), rows)
                score = privacy.membership(samples.make(train, non_members, fresh), seed=seed)
                rates.append(score.detail["tpr_at_0.1"])
            print(
                f"{data}, {rows:,} fresh rows, {options.fresh} seeds: {np.mean(rates):.1%} ({min(rates):.1%} to "
                f"{max(rates):.1%})"
            )


def _attacked(options: argparse.Namespace, data: str, name: str, rows: int, *, by_heart: bool) -> list[str]:
    """Steps, gap and both recognition rates of one model."""
    frame, _ = pooled(options.shared, data, options.seed)
    train, non_members = cut(frame, rows, min(NON_MEMBERS, len(frame) - rows))
    model = _fitted(train, name, options.seed, by_heart)
    released = model.sample(rows, seed=options.seed)
    gap = float(np.mean(model.log_prob(train)) - np.mean(model.log_prob(non_members)))
    compared = samples.make(train, non_members, released, loss=_loss(model))
    rates = [attack(compared, seed=options.seed) for attack in (privacy.membership, privacy.membership_model)]
    return [str(model.record["steps"]), f"{gap:.2f}", *map(_rate, rates)]


def _fitted(train: pd.DataFrame, name: str, seed: int, by_heart: bool) -> Synthesizer:
    if not by_heart:
        return generators.fit(train, name, seed=seed)
    repeated = pd.concat([train] * REPEATS, ignore_index=True)
    return generators.fit(
        repeated, name, seed=seed, budget=Budget(steps=_steps(len(train))), weight_decay=0.0, batch=64
    )


def _steps(rows: int) -> int:
    """Forty passes over the rows, in batches of 64."""
    return max(200, 40 * rows // 64)


def _loss(model: Synthesizer):
    return lambda rows: -model.log_prob(rows)


def _rate(score: Score) -> str:
    rate, low, high = (score.detail[f"tpr_at_0.1{end}"] for end in ("", "_low", "_high"))
    return f"{rate:.1%} ({low:.1%} to {high:.1%}), {' / '.join(score.detail['attacks'])}"


if __name__ == "__main__":
    main()
