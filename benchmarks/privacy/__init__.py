"""Privacy under a budget: what is left of a table, beside peers."""
