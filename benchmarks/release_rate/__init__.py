"""Whether the main job works: how many real tables a run by its defaults releases."""

from benchmarks.release_rate.tables import TABLES

__all__ = ["TABLES"]
