"""One run: its steps, the same as Prefect tasks, and the files between them."""
