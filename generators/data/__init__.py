"""What data are to a model: their schema and how it is read from a table, groups of rows, sets of images."""
