"""Metrics that come from the database. They are read at every scrape, so that all processes report the same."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.conversation.case import ENDED, Phase
from bot.conversation.refusals import REFUSALS
from bot.storage.database import Transaction

#: The bounds of `figures_issuing`, in seconds.
ISSUING_BOUNDS = (15, 30, 60, 120, 300, 900, 3600, 14400, 86400)
OPEN_PHASES = tuple(phase for phase in Phase if phase not in ENDED)


@dataclass(frozen=True, slots=True)
class Queue:
    """What waits in one of the three queues."""

    waiting: int
    #: Seconds since the oldest came; this includes rows that wait because a messenger or gateway asked to.
    oldest_s: float
    #: Seconds for which the oldest row that is due has been waiting for us; 0 when we keep up.
    overdue_s: float
    #: Parked or given up: only staff can continue it.
    stuck: int


@dataclass(frozen=True, slots=True)
class Issuing:
    """How long it took from the application to the certificate."""

    #: How many took at most this many seconds and more than the bound before; the last has no bound.
    by_bound: Mapping[int | None, int]
    seconds: float


@dataclass(frozen=True, slots=True)
class Applications:
    submitted: int
    deciding: int
    approved: int
    issued: int
    refused: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class DeskFigures:
    inbox: Queue
    outbox: Queue
    jobs: Queue
    cases: Mapping[str, int]
    applications: Applications
    issuing: Issuing
    #: How many questions were not answered, by kind and topic.
    gaps: Mapping[tuple[str, str], int]
    #: How often an article was found useful or not, by topic.
    marks: Mapping[tuple[str, bool], int]


def desk_figures(tx: Transaction, now: datetime) -> DeskFigures:
    inbox, outbox, jobs = queues(tx, now)
    cases = {row["phase"]: row["total"] for row in tx.rows("figures_cases")}
    return DeskFigures(
        inbox,
        outbox,
        jobs,
        {phase: cases.get(phase, 0) for phase in OPEN_PHASES},
        _applications(tx),
        _issuing(tx),
        {(row["kind"], row["topic"]): row["total"] for row in tx.rows("figures_gaps")},
        {(row["topic"], bool(row["useful"])): row["times"] for row in tx.rows("figures_marks")},
    )


def queues(tx: Transaction, now: datetime) -> tuple[Queue, Queue, Queue]:
    """Return inbox, outbox and jobs."""
    moment = now.timestamp()
    return (
        _queue(tx, "figures_inbox", moment),
        _queue(tx, "figures_outbox", moment),
        _queue(tx, "figures_jobs", moment, now=moment),
    )


def _queue(tx: Transaction, query: str, moment: float, **params: float) -> Queue:
    row = tx.row(query, **params)
    assert row is not None
    oldest, overdue = (max(0.0, moment - (row[name] or moment)) for name in ("oldest", "due"))
    return Queue(row["waiting"], oldest, overdue, row["stuck"])


def _applications(tx: Transaction) -> Applications:
    found = {row["outcome"]: row["total"] for row in tx.rows("figures_applications")}
    return Applications(
        submitted=sum(found.values()),
        deciding=found.get(None, 0),
        approved=found.get("approved", 0),
        issued=found.get("issued", 0),
        refused={code: found.get(code, 0) for code in REFUSALS},
    )


def _issuing(tx: Transaction) -> Issuing:
    rows = tx.rows("figures_issuing")
    found = {row["bound"]: row["total"] for row in rows}
    bounds: tuple[int | None, ...] = (*ISSUING_BOUNDS, None)
    return Issuing({bound: found.get(bound, 0) for bound in bounds}, sum(row["seconds"] for row in rows))
