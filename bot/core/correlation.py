"""The reference of an update or a job (`E-1234`): on the customer's screen, in staff's messages, in every log line.

It travels with the work: into the messages and jobs that an update causes, and into threads.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from contextvars import ContextVar
from types import TracebackType

_handled: ContextVar[str] = ContextVar("handled", default="")


def of_update(update_id: int) -> str:
    return f"E-{update_id}"


def of_job(seq: int) -> str:
    """Return the reference of a job that no update caused."""
    return f"J-{seq}"


def current() -> str:
    """Return the reference of the current work; empty outside an update or a job."""
    return _handled.get()


Follower = Callable[[str, str], AbstractContextManager[None]]
_follower: Follower | None = None


def follow(follower: Follower | None) -> None:
    """Call `enter` for all work of this process, with its kind and reference (for traces); None stops that."""
    global _follower  # noqa: PLW0603 - as a logger is: one a process
    _follower = follower


class handling:  # noqa: N801 - read as what it does: `with handling(...)`
    """Runs the block under this reference. A class: a generator costs several times as much, on every update."""

    __slots__ = ("_before", "_followed", "_reference", "_work")

    def __init__(self, reference: str, work: str = "") -> None:
        self._reference = reference
        self._work = work

    def __enter__(self) -> None:
        self._before = _handled.set(self._reference)
        self._followed = _follower(self._work, self._reference) if self._work and _follower else None
        if self._followed is not None:
            self._followed.__enter__()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if self._followed is not None:
                self._followed.__exit__(kind, error, trace)
        finally:
            _handled.reset(self._before)
