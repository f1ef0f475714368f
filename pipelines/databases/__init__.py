"""Databases as sources and sinks: read once into a Parquet file, written aside, verified and swapped in."""
