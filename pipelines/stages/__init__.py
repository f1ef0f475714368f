"""Stages of a run, as functions from values to a value."""
