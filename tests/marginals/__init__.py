"""Tests of generators/marginals."""
