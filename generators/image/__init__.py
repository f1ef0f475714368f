"""Generators of images, one file per family; what they share stands in generators/images.py and generators/training.py."""
