"""Drawing rows under conditions, constraints and fixed combinations."""
