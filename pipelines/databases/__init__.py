"""Databases as sources: read once into a Parquet file; addresses, logins and failures of databases."""
