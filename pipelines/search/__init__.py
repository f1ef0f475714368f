"""A search over generators: short runs under one budget, of which the better half goes on in each round."""
