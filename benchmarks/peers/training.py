"""Run one peer in the Python environment that holds it; benchmarks/tabular.py --peers starts this file with that
environment's python.

    python benchmarks/peers/training.py tabularargn TRAIN.csv SYNTHETIC.csv ROWS SEED

Needs pandas and the peer alone: `pip install mostlyai-engine` or `pip install ctgan` (Business Source Licence: for
benchmarks only). Each peer trains with its own defaults, to its own end; the times are printed as JSON.
"""

import json
import random
import sys
import time
from collections.abc import Callable

import pandas as pd

Draw = Callable[[int], pd.DataFrame]


def tabularargn(table: pd.DataFrame, seed: int) -> Draw:
    """TabularARGN of mostlyai-engine."""
    from mostlyai.engine import TabularARGN, set_random_state

    set_random_state(seed)
    model = TabularARGN(verbose=0)
    model.fit(table)
    return lambda rows: model.sample(n_samples=rows)


def ctgan(table: pd.DataFrame, seed: int) -> Draw:
    """CTGAN."""
    return _of_ctgan("CTGAN", table, seed)


def tvae(table: pd.DataFrame, seed: int) -> Draw:
    """TVAE, of the same package."""
    return _of_ctgan("TVAE", table, seed)


def _of_ctgan(name: str, table: pd.DataFrame, seed: int) -> Draw:
    """A model of the package ctgan; it takes no missing numbers, so these become the column's mean, as its authors' own
    pipeline does.
    """
    import ctgan
    import numpy as np
    import torch

    for module in (random, np.random):
        module.seed(seed)
    torch.manual_seed(seed)
    labels = [name for name in table if not pd.api.types.is_numeric_dtype(table[name])]
    filled = table.fillna(table.mean(numeric_only=True)).fillna(dict.fromkeys(labels, "missing"))
    model = getattr(ctgan, name)()
    model.fit(filled, labels)
    return lambda rows: model.sample(rows).replace({name: {"missing": None} for name in labels})


PEERS = {"tabularargn": tabularargn, "ctgan": ctgan, "tvae": tvae}


def main() -> None:
    name, train, synthetic, rows, seed = sys.argv[1:]
    table = pd.read_csv(train, na_values="?")
    started = time.monotonic()
    draw = PEERS[name](table, int(seed))
    fitted = time.monotonic()
    draw(int(rows)).to_csv(synthetic, index=False)
    print(json.dumps({"fit_seconds": fitted - started, "sample_seconds": time.monotonic() - fitted}))


if __name__ == "__main__":
    main()
