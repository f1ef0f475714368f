"""Databases as sources and sinks, against a real PostgreSQL."""
