"""Enlarging training sets: class balance, oversampling by a generator, its scikit-learn face, torch data sets."""
