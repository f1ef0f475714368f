"""One thread for all tests and the processes they start: their tables are too small to gain from more, and busy cores make threads wait."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
