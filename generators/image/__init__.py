"""Generators of images, one file per family; what they share stands in generators/data/images.py and
generators/training/loop.py.
"""
