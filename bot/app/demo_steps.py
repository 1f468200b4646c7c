"""Turns the bot's DEBUG log records about its work into steps for the page of the demo: names and counts only."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from bot.core import correlation

Step = dict[str, object]

LOGGERS = ("bot.engine.cases", "bot.engine.job_runner", "bot.storage.database")
#: Message of the log record -> the fields that a step copies from it. No other field reaches the page.
FIELDS = {
    "decided": ("event", "phase_before", "phase_after", "jobs"),
    "queued": ("kind",),
    "unit committed": ("writes",),
    "job done": ("kind",),
}
#: The work that is going on: "update", "job <kind>" or "send <channel>".
_work: ContextVar[str] = ContextVar("work", default="")


class StepHandler(logging.Handler):
    """Calls `add` for each step, from the thread that does the work."""

    def __init__(self, add: Callable[[Step], object]) -> None:
        super().__init__(logging.DEBUG)
        self._add = add

    def emit(self, record: logging.LogRecord) -> None:
        fields, reference = FIELDS.get(str(record.msg)), correlation.current()
        if fields is not None and reference:
            self._add_step(record.msg, reference, {name: getattr(record, name) for name in fields})

    @contextmanager
    def follow(self, work: str, reference: str) -> Iterator[None]:
        """Name the work of the steps inside; see `bot.core.correlation.follow`. A delivery is a step itself."""
        before = _work.set(work)
        kind, _, channel = work.partition(" ")
        if kind == "send":
            self._add_step("delivery", reference, {"kind": channel})
        try:
            yield
        finally:
            _work.reset(before)

    def _add_step(self, step: str, reference: str, fields: Step) -> None:
        self._add({"step": step, "reference": reference, "work": _work.get(), **fields})


@contextmanager
def collected(add: Callable[[Step], object]) -> Iterator[None]:
    """Collect steps while this is open."""
    handler = StepHandler(add)
    loggers = [logging.getLogger(name) for name in LOGGERS]
    for each in loggers:
        each.addHandler(handler)
        each.setLevel(logging.DEBUG)
    correlation.follow(handler.follow)
    try:
        yield
    finally:
        correlation.follow(None)
        for each in loggers:
            each.removeHandler(handler)
            each.setLevel(logging.NOTSET)
