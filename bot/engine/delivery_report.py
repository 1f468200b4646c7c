"""The outcomes of a result's notices, as its customer and staff read them. Pure."""

from collections.abc import Sequence
from datetime import datetime

from bot.core.clock import kst_day
from bot.messages.screen import Hour, Line, Moment, Param, Word
from bot.notices.bounces import BOUNCED
from bot.queues.outbox import INSTEAD, KEPT, Trace

ORDER = ("chat", "sms", "mail")


def latest(traces: Sequence[Trace], now: datetime) -> tuple[Line, ...]:
    """Return the lines of the last result; they belong to one application."""
    kind = _kind(traces[-1]) if traces else None
    return every([each for each in traces if _kind(each) == kind], now)


def every(traces: Sequence[Trace], now: datetime) -> tuple[Line, ...]:
    """Return the lines of all results, each under its title; one line that says so if none is known any more."""
    if not traces:
        return (Line("delivery.forgotten", {"days": KEPT.days}),)
    lines: list[Line] = []
    kinds = tuple(dict.fromkeys(map(_kind, traces)))
    for kind in kinds:
        lines.append(Line(f"delivery.of.{kind}.row"))
        lines += [_line(each, now) for each in sorted(traces, key=_place) if _kind(each) == kind]
    return tuple(lines)


def _kind(trace: Trace) -> str:
    return trace.key.split(":")[2]


def _place(trace: Trace) -> tuple[int, int]:
    """Return the outcomes: the chat first, and a replacement below what it replaced."""
    wanted = trace.key.split(":")[3]
    return ORDER.index(wanted.partition(".")[0]), len(wanted)


def _line(trace: Trace, now: datetime) -> Line:
    taken = "instead" if trace.key.endswith(INSTEAD) else "way"
    params: dict[str, Param] = {
        "way": Word(f"delivery.{taken}.{trace.way}"),
        "address": f" {trace.address}" if trace.address else "",
        "at": _at(trace.ended or max(trace.due, now), now),
    }
    return Line(f"delivery.{_state(trace)}.row", params)


def _state(trace: Trace) -> str:
    """Return one of sent, waiting, later (as asked for, or in the morning), again, blocked, bounced, dead."""
    if trace.state == "pending":
        waits = {None: "waiting", "Busy": "later"}
        return waits.get(trace.error, "again")
    if trace.state == "dead":
        return trace.error if trace.error in {"blocked", BOUNCED} else "dead"
    return "sent"


def _at(moment: datetime, now: datetime) -> Param:
    return Hour(moment) if kst_day(moment) == kst_day(now) else Moment(moment)
