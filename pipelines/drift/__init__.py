"""Drift: what changed in a source since the last release, by kind of change, and what follows from it."""
