"""How well personal data are found: generated tables of ten locales, with columns of people and of things."""
