"""Personal data in the columns of a table: found from names and values, and replaced by made-up people."""
