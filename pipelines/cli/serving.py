"""`launder serve`: configurations on their schedules until interrupted, and what a person sees of it."""

import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

from launderette.pipelines.cli.waiting import spinner
from launderette.pipelines.config import RunConfig
from launderette.pipelines.run import server


def serve(configurations: Sequence[RunConfig]) -> int:
    """Serve schedules until interrupted; starts a Prefect server where the user has none. Return 0."""
    work = server.prepare(configurations[0].publish.to)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # an orderly end, so that the server ends too
    from launderette import flows
    from launderette.pipelines.run import tasks

    own = not tasks.users_server()
    spinner.show("starting Prefect")
    with suppress(KeyboardInterrupt), tasks.connected(work, pages=True) as address:
        spinner.hide()
        print(f"dashboard: {address.removesuffix('/api')}", flush=True)
        for config in configurations:
            print(f"serving {config.name}: {config.schedule.cron} ({config.schedule.timezone})", flush=True)
        flows.serve_schedules(configurations, own_server=own)
    return 0
