"""Training: the one loop, its checkpoints, memory, device and seeds, and the detection of collapse."""
