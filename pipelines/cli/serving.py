"""`launder serve`: configurations on their schedules until interrupted, and what a person sees of it."""

import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack, suppress
from pathlib import Path

from launderette.pipelines.cli.waiting import spinner
from launderette.pipelines.config import RunConfig
from launderette.pipelines.config.sections import Schedule
from launderette.pipelines.run import lease, server
from launderette.pipelines.run.caching import WORK


def serve(configurations: Sequence[RunConfig]) -> int:
    """Serve schedules until interrupted; starts a Prefect server where the user has none. Return 0.

    LaunderError for a configuration without a schedule.
    """
    schedules = {config.name: config.due for config in configurations}
    work = server.prepare(configurations[0].publish.to)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # an orderly end, so that the server ends too
    spinner.show("starting Prefect")
    with suppress(KeyboardInterrupt), ExitStack() as served:
        for config in configurations:
            served.enter_context(lease.alone(Path(config.publish.to) / WORK, config.name))
        _serve(configurations, schedules, served.enter_context(server.beginning(work, pages=True)))
    return 0


def _serve(
    configurations: Sequence[RunConfig], schedules: Mapping[str, Schedule], begun: server.StartingServer | None
) -> None:
    from launderette import flows  # with Prefect, whose server starts meanwhile
    from launderette.pipelines.run import tasks

    own = not tasks.users_server()
    with tasks.connected(begun) as address:
        spinner.hide()
        print(f"dashboard: {address.removesuffix('/api')}", flush=True)
        for name, due in schedules.items():
            print(f"serving {name}: {due.cron} ({due.timezone})", flush=True)
        flows.serve_schedules(configurations, own_server=own)
