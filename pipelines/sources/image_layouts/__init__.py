"""Layouts of image collections, a module each: folders, Parquet, tar shards, arrays; and how labels are found in all of them."""
