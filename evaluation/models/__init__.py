"""Models that metrics train or look through: classifiers of rows and images, feature networks."""
