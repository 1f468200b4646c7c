"""What `decide` works with: the turn (case, time, rules), and the transition that it returns."""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Literal

from bot.conversation import reissue
from bot.conversation.case import Case
from bot.conversation.procedure import Rules
from bot.messages.screen import Line, Screen


@dataclass(frozen=True, slots=True)
class Turn:
    case: Case
    now: datetime
    rules: Rules


@dataclass(frozen=True, slots=True)
class JobOrder:
    """A job to order. `due` is the moment of a time-out; `secret` is erased with the job."""

    kind: str
    due: datetime | None = None
    secret: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class SideRequest:
    """A question, a topic or a language that the engine answers beside the case."""

    kind: Literal["question", "topic", "topics", "group", "language", "human", "useful", "useless", "remind", "status"]
    value: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class Transition:
    case: Case
    notes: tuple[Line, ...] = ()
    jobs: tuple[JobOrder, ...] = ()
    tells: tuple[Screen, ...] = ()
    asides: tuple[SideRequest, ...] = ()
    erase: bool = False
    show: Literal["edit", "fresh", "leave"] | None = None


def follow(case: Case, happened: str) -> tuple[Case, tuple[JobOrder, ...]]:
    """Take this transition of the table; raise `KeyError` where there is none, which is a mistake of ours."""
    phase, job = reissue.ARROWS[case.phase, happened]
    return replace(case, phase=phase, confirming=None), (JobOrder(job),) if job else ()


def can(case: Case, happened: str) -> bool:
    return (case.phase, happened) in reissue.ARROWS


def note(case: Case, key: str, **params: str | int) -> Transition:
    """Change nothing, and show the reason above the current screen."""
    return Transition(case, notes=(Line(key, dict(params)),))
