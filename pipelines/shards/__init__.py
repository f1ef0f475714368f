"""Samples beyond one frame: drawn in shards, anywhere and in any order, and joined in the order of their numbers."""
