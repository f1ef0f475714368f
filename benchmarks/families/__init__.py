"""What each family of generators for tables is good at, and what it costs."""
