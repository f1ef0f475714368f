"""Where data are written to."""
