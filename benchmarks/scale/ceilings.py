"""Which stages took more memory than a run may: the operating system's peak of each stage's process tells."""

from collections.abc import Iterator, Mapping

from benchmarks.scale.making import COLUMNS
from benchmarks.scale.stages import Cost
from launderette.pipelines.shards import preflight


def broken(found: Mapping[int, Mapping[str, Cost]], allowed: float) -> Iterator[str]:
    """Say of each stage, by rows and name, what it took where that is more than is allowed (bytes), or than a run is
    foretold to take.
    """
    for rows, costs in found.items():
        ceiling = min(allowed, preflight.of_run(rows, COLUMNS)[0]) / 2**20
        for name, cost in costs.items():
            if cost.peak > ceiling:
                yield f"expected at most {ceiling:,.0f} MB in {name} of {rows:,} rows, found {cost.peak:,.0f} MB"
