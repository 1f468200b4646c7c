"""Builds the queues, each with the signal that wakes its worker."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import timedelta

from bot.core.wakeup import Wakeup
from bot.queues.inbox import Inbox
from bot.queues.jobs import Jobs
from bot.queues.outbox import Outbox
from bot.storage.sealing import Sealing


@dataclass(frozen=True, slots=True)
class Wakeups:
    inbox: Wakeup
    outbox: Wakeup
    jobs: Wakeup


@dataclass(frozen=True, slots=True)
class Queues:
    inbox: Inbox
    outbox: Outbox
    jobs: Jobs
    wakeups: Wakeups


def build_queues(
    sealing: Sealing,
    lease: timedelta,
    steady: Callable[[], float],
    first_lanes: Collection[str] = (),
    replica: str = "",
) -> Queues:
    """`steady` gives the seconds that leases are counted by; `first_lanes` go before all others in the inbox."""
    wakeups = Wakeups(Wakeup(), Wakeup(), Wakeup())
    return Queues(
        Inbox(sealing, wakeups.inbox, first_lanes, replica),
        Outbox(sealing, wakeups.outbox, lease, steady),
        Jobs(sealing, wakeups.jobs, lease, steady),
        wakeups,
    )
