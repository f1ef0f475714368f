"""Where images are read from: a module per layout of a collection, labels, headers and decoding."""
