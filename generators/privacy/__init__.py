"""Differential privacy: what a release may tell of one row, exact noise, and the ledger that adds up what was spent."""
