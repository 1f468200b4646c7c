"""What an update or a job is called wherever somebody may ask for it: on the customer's screen, to staff, in the log.

It travels with the work: into the messages and the jobs that come of an update, and into threads.
"""

from collections.abc import Iterator
from contextlib import contextmanager
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


@contextmanager
def handling(reference: str) -> Iterator[None]:
    before = _handled.set(reference)
    try:
        yield
    finally:
        _handled.reset(before)
