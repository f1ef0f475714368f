"""Columns that are worked out from others after a row is drawn: what they are, how they are found and stated."""
