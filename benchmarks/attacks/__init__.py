"""Benchmarks of attacks on privacy."""
