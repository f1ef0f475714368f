"""Attacks: membership scores and the choice among them, attribute inference, singling out and linkability."""
