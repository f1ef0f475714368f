"""`python -m pipelines.cli` is the command `launder`."""

import sys

from pipelines.cli import main

sys.exit(main())
