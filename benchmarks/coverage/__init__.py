"""How often the intervals of the evaluation hold the truth."""
