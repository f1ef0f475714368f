"""Tests of generators/formats."""
