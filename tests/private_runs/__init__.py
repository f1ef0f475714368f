"""Tests of runs with a privacy budget: pipelines/privacy, and what reads and scores private rows."""
