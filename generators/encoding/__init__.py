"""Table <-> tokens: the cells of each column, and the columns of a table."""
