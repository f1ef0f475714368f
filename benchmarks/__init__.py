"""Side-by-side runs against peers and of the parts: each module prints one table."""
