"""Benchmarks of mode collapse."""
