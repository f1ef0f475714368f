"""Copied rows and values counted beside what chance allows: exact and near copies, values that one person has."""
