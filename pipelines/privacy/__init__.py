"""Runs with a guarantee of differential privacy: what is publicly known, which rows are protected, what was spent."""
