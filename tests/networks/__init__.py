"""Tests of generators/networks."""
