"""Databases: how fast rows come in and go out, beside the bare driver."""
