"""One training spread over several processes, which torchrun starts: each with a GPU of its own, or all on the CPU."""
