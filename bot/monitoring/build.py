"""Builds monitoring: the sources, and the readiness checks of this process."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from bot.core.tasks import TaskSupervisor
from bot.monitoring import checks
from bot.monitoring.readiness import Ask, Readiness
from bot.monitoring.routes import MonitoringRoutes, Sources
from bot.storage.database import Database


@dataclass(frozen=True, slots=True)
class Process:
    """What runs in this process: the loops that there should be, and the supervisor that keeps them."""

    database: Database
    expected: Sequence[str]
    loops: TaskSupervisor
    #: Makes a small call to the messenger.
    probe: Callable[[], Awaitable[object]]


def build_monitoring(sources: Sources, process: Process, token: str) -> MonitoringRoutes:
    asks: dict[str, Ask] = {
        "database": partial(checks.database, process.database, sources.clock),
        "loops": partial(checks.loops, process.expected, process.loops),
        "messenger": partial(checks.messenger, sources.meter, process.probe),
        "queues": partial(checks.queue_heads, sources.reader, sources.clock),
    }
    if sources.authority is not None:
        asks["lists"] = partial(checks.lists, sources.authority)
    # Tasks of its own: during the shutdown it still reports that the bot stops.
    return MonitoringRoutes(Readiness(asks), sources, token, TaskSupervisor())
