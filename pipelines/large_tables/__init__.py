"""Tables that do not fit into memory: rows drawn at random while all are read, and what a run then does otherwise."""
