"""Formulas worth trying, by which one column may follow from others: each gives most of some rows of a table."""
