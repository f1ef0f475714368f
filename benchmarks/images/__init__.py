"""Generators of images: how good they are, what few images give, and where their time goes."""
