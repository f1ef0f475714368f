"""The section `notify` of a configuration: who is told of which events, and how."""

from typing import Literal, Self, get_args

from pydantic import model_validator

from launderette.pipelines.config.sections import Reference, Section

Event = Literal["released", "recovered", "quarantined", "failed", "approval"]


class Notification(Section):
    """Who is told `on` which events (all of them by default): a webhook that is sent JSON, a command that reads the
    same, or an address of apprise for e-mail, Slack, Teams and others. Addresses are secrets: `env:NAME`.
    """

    on: tuple[Event, ...] = get_args(Event)
    webhook: Reference | None = None
    command: tuple[str, ...] = ()
    apprise: Reference | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum(map(bool, (self.webhook, self.command, self.apprise))) != 1:
            raise ValueError("expected one of webhook, command and apprise in every entry of notify; keep one")
        return self
