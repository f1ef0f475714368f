"""Training: the one loop, its checkpoints and seeds, what is remembered of members, and the detection of collapse."""
