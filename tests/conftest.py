"""What all tests and the processes they start have in common.

One thread each: their tables are too small to gain from more, and threads wait for busy cores. And Ctrl-C interrupts: a
shell starts what it puts into the background with that signal ignored, and processes inherit it.
"""

import os
import signal

os.environ.setdefault("OMP_NUM_THREADS", "1")
signal.signal(signal.SIGINT, signal.default_int_handler)
