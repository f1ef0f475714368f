"""`python -m launderette` is the command `launder`."""

import sys

from launderette.pipelines.cli import main

sys.exit(main())
