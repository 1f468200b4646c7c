"""Puts together what is watched, with the checks of this process."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from bot.core.tasks import TaskSupervisor
from bot.monitoring import checks
from bot.monitoring.readiness import Ask, Readiness
from bot.monitoring.routes import Sources, Watch
from bot.storage.database import Database


@dataclass(frozen=True, slots=True)
class Process:
    """What runs here: the loops that there should be, and who keeps them."""

    database: Database
    expected: Sequence[str]
    loops: TaskSupervisor
    #: Asks the messenger for a word.
    probe: Callable[[], Awaitable[object]]


def watching(sources: Sources, process: Process, token: str) -> Watch:
    asks: dict[str, Ask] = {
        "database": partial(checks.database, process.database, sources.clock),
        "loops": partial(checks.loops, process.expected, process.loops),
        "messenger": partial(checks.messenger, sources.meter, process.probe),
        "queues": partial(checks.queue_heads, sources.reader, sources.clock),
    }
    if sources.authority is not None:
        asks["lists"] = partial(checks.lists, sources.authority)
    # Hands of its own: at the end it still says that the bot stops.
    return Watch(Readiness(asks), sources, token, TaskSupervisor())
