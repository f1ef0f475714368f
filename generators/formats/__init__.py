"""How values are written: formats of numbers and dates, types of pandas and Arrow, decimal grids."""
