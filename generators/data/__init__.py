"""What data are to a model: their schema, how values become tokens and back, sets of images."""
