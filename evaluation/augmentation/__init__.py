"""Does augmentation help? Cross-validation against baselines, with an interval on the gain."""
