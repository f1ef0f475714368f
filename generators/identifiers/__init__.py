"""Columns that name somebody: how they are told from others, and values made up in their form."""
