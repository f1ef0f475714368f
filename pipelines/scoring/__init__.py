"""Scoring: the data of a run, and data made anywhere."""
