"""Tests of generators/privacy."""
