"""Plain generation: a prompt over the columns of each row, the answer in a new column."""
