"""Notifications: who is told of which end of a run, by which way; messages hold no data and no secret."""
