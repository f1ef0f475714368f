"""Data with one known flaw each, by which the evaluation itself is judged."""
