"""Generators of tables, a file per family."""
