"""`launder serve`: configurations on their schedules until interrupted, and what a person sees of it."""

import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

from launderette.pipelines.cli.waiting import spinner
from launderette.pipelines.config import RunConfig
from launderette.pipelines.run import server


def serve(configurations: Sequence[RunConfig]) -> int:
    """Serve schedules until interrupted; starts a Prefect server where the user has none. Return 0.

    LaunderError for a configuration without a schedule.
    """
    schedules = {config.name: config.due for config in configurations}
    work = server.prepare(configurations[0].publish.to)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # an orderly end, so that the server ends too
    from launderette import flows
    from launderette.pipelines.run import tasks

    own = not tasks.users_server()
    spinner.show("starting Prefect")
    with suppress(KeyboardInterrupt), tasks.connected(work, pages=True) as address:
        spinner.hide()
        print(f"dashboard: {address.removesuffix('/api')}", flush=True)
        for name, due in schedules.items():
            print(f"serving {name}: {due.cron} ({due.timezone})", flush=True)
        flows.serve_schedules(configurations, own_server=own)
    return 0
