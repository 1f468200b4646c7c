"""The readiness checks: database, loops, CRLs, messenger and queues."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from bot.core.clock import Clock
from bot.core.tasks import TaskSupervisor
from bot.issuing.port import IssuerAway, Watched
from bot.monitoring.figures import queues
from bot.monitoring.meter import Meter
from bot.monitoring.readiness import NotReady
from bot.storage.database import Database, Transaction

T = TypeVar("T")


class HealthChecks(Protocol):
    """The port for reading beside the work (`bot.storage.readonly`)."""

    async def look(self, work: Callable[[Transaction], T]) -> T: ...


@dataclass(frozen=True, slots=True)
class Bounds:
    """The limits beyond which something is not well."""

    #: A CRL with less time left was not renewed for hours.
    list_left_s: float = 3600.0
    #: A little more than three long polls.
    messenger_s: float = 90.0
    queue_s: float = 60.0
    #: A loop that failed this recently may fail again.
    loop_s: float = 10.0


DEFAULT_BOUNDS = Bounds()


async def database(there: Database, clock: Clock) -> str:
    """Write a row: a disk that is full or read-only still answers readers."""
    try:
        await there.unit(lambda tx: tx.run("pulse", now=clock.now().timestamp()))
    except Exception as error:  # Each engine has errors of its own.
        raise NotReady(f"cannot be written: {error}") from error
    return "answers and can be written"


async def loops(expected: Sequence[str], tasks: TaskSupervisor, bounds: Bounds = DEFAULT_BOUNDS) -> str:
    running = tasks.running
    if missing := [name for name in expected if name not in running]:
        raise NotReady(f"not running: {', '.join(missing)}")
    if broken := tasks.broken(bounds.loop_s):
        raise NotReady(f"failed and was started again: {', '.join(broken)}")
    return f"{len(expected)} are running"


async def lists(authority: Watched, bounds: Bounds = DEFAULT_BOUNDS) -> str:
    try:
        ages = await authority.list_ages()
    except IssuerAway as error:
        raise NotReady("the authority's ledger cannot be had now") from error
    aging = [each for each in ages if each.left_s < bounds.list_left_s]
    if aging:
        raise NotReady("; ".join(f"{each.name} is stale in {each.left_s} s" for each in aging))
    return f"{len(ages)} are fresh" if ages else "none of ours"


async def messenger(meter: Meter, probe: Callable[[], Awaitable[object]], bounds: Bounds = DEFAULT_BOUNDS) -> str:
    """Report when the messenger answered last. Behind a webhook nothing calls it for hours: then make a call."""
    if (since := _since(meter)) is not None and since <= bounds.messenger_s:
        return f"answered {since:.0f} s ago"
    try:
        await probe()
    except Exception as error:
        silent = "since the start" if since is None else f"for {since:.0f} s"
        raise NotReady(f"has not answered {silent} ({type(error).__name__})") from error
    return "answered just now"


def _since(meter: Meter) -> float | None:
    return None if meter.heard_at is None else meter.clock() - meter.heard_at


async def queue_heads(reader: HealthChecks, clock: Clock, bounds: Bounds = DEFAULT_BOUNDS) -> str:
    try:
        found = await reader.look(lambda tx: queues(tx, clock.now()))
    except Exception as error:
        raise NotReady(f"cannot be read: {error}") from error
    named = zip(("inbox", "outbox", "jobs"), found, strict=True)
    late = [f"{name} waits for {queue.overdue_s:.0f} s" for name, queue in named if queue.overdue_s > bounds.queue_s]
    if late:
        raise NotReady("; ".join(late))
    return f"{sum(queue.waiting for queue in found)} wait, none for long"
