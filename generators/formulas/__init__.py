"""Formulas by which one column follows from others: their kinds, what each gives, and how people write them."""
