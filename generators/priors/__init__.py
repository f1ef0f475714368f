"""What a model of all orders knows before its first training step, by the rows that it is trained on."""
