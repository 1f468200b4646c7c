"""What an update or a job is called wherever somebody may ask for it: on the customer's screen, to staff, in the log.

It travels with the work: into the messages and the jobs that come of an update, and into threads.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar

_handled: ContextVar[str] = ContextVar("handled", default="")


def of_update(update_id: int) -> str:
    return f"E-{update_id}"


def of_job(seq: int) -> str:
    """Name a job that no update caused."""
    return f"J-{seq}"


def current() -> str:
    """Return what is being handled here; empty where nobody's update or job is."""
    return _handled.get()


Follower = Callable[[str, str], AbstractContextManager[None]]
_follower: Follower | None = None


def follow(follower: Follower | None) -> None:
    """Have all work of this process entered here as well, by its kind and its reference; None ends that."""
    global _follower  # noqa: PLW0603 - as a logger is: one a process
    _follower = follower


@contextmanager
def handling(reference: str, work: str = "") -> Iterator[None]:
    before = _handled.set(reference)
    try:
        with _follower(work, reference) if work and _follower is not None else nullcontext():
            yield
    finally:
        _handled.reset(before)
