"""Gradients of each row and image by itself, as private descent clips them."""
