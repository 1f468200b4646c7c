"""The one function that changes a case: pure, and defined for every event. No I/O, no clock, no messenger."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from bot.conversation import reissue
from bot.conversation.cards import card
from bot.conversation.case import Case, Phase
from bot.conversation.events import (
    Abandoned,
    Approved,
    CertificateChecked,
    CertificateSeen,
    CodeLapsed,
    CodeSent,
    Commanded,
    Delayed,
    Event,
    FilesLapsed,
    FileUnread,
    Issued,
    Paused,
    Refused,
    Said,
    SentFile,
    SharedContact,
    Tapped,
)
from bot.conversation.flow import gap
from bot.conversation.procedure import Rules
from bot.conversation.transition import JobOrder, SideRequest, Transition, Turn, follow
from bot.conversation.turns import checks, commands, contacts, results, taps, texts
from bot.core.clock import kst_day
from bot.messages.screen import Screen

__all__ = ["Decision", "JobOrder", "SideRequest", "decide"]


@dataclass(frozen=True, slots=True)
class Decision:
    """What follows from one event; stored in one commit."""

    case: Case
    #: Where the customer is now; there always is such a screen.
    screen: Screen
    #: Whether the screen replaces the current one, comes as a new message below, or need not be sent.
    show: Literal["edit", "fresh", "leave"]
    jobs: tuple[JobOrder, ...] = ()
    tells: tuple[Screen, ...] = ()
    asides: tuple[SideRequest, ...] = ()
    #: Whether the message that caused this is deleted from the chat.
    erase: bool = False


def decide(case: Case, event: Event, now: datetime, rules: Rules) -> Decision:
    """Return the case after this event, the screen to show, and the jobs and replies that follow."""
    turn = Turn(case, now, rules)
    move = _completed(_move(turn, event), turn)
    after = move.case if move.case == case else replace(move.case, revision=case.revision + 1)
    screen = card(after, now, rules, move.notes)
    return Decision(after, screen, _show(move, event, after), move.jobs, move.tells, move.asides, move.erase)


def _move(turn: Turn, event: Event) -> Transition:  # noqa: C901, PLR0911, PLR0912 — one arm an event, so that mypy sees a missing one
    match event:
        case Tapped():
            return taps.tapped(turn, event)
        case Said():
            return texts.said(turn, event)
        case Commanded():
            return commands.commanded(turn, event)
        case SharedContact():
            return contacts.shared(turn, event)
        case SentFile():
            return contacts.sent_file(turn, event)
        case CodeSent():
            return results.code_sent(turn, event)
        case CodeLapsed():
            return results.code_lapsed(turn, event)
        case Paused():
            return results.paused(turn, event)
        case Approved():
            return results.approved(turn, event)
        case Refused():
            return results.refused(turn, event)
        case Issued():
            return results.issued(turn, event)
        case Delayed():
            return results.delayed(turn, event)
        case FilesLapsed():
            return results.files_lapsed(turn)
        case CertificateSeen():
            return results.certificate_seen(turn, event)
        case CertificateChecked():
            return checks.checked(turn, event)
        case FileUnread():
            return checks.unread(turn, event)
        case Abandoned():
            return results.abandoned(turn)


def _completed(move: Transition, turn: Turn) -> Transition:
    """Send the code as soon as every answer is there: there is no button that could be forgotten."""
    case = move.case
    today = kst_day(turn.now)
    if (
        case.phase is not Phase.ASKING
        or case.proven
        or case.editing
        or case.confirming
        or gap(reissue.STEPS, case.answers)
        or reissue.ending(case.answers, today, turn.rules)
    ):
        return move
    case, orders = follow(case, "complete")
    return replace(move, case=case, jobs=move.jobs + orders)


def _show(move: Transition, event: Event, after: Case) -> Literal["edit", "fresh", "leave"]:
    if move.show is not None:
        return move.show
    beside = bool(move.tells or move.asides)
    if beside and after.phase in {Phase.IDLE, Phase.CLOSED, Phase.CANCELLED} and move.case == after:
        return "leave"
    typed = isinstance(event, Said | Commanded | SharedContact | SentFile) and not move.erase
    return "fresh" if beside or typed else "edit"


def new_case(case_id: str, chat_id: int, after: Case | None = None) -> Case:
    """Return an empty case. Revisions go on from the chat's last one, so that its old buttons stay outdated."""
    revision = after.revision + 1 if after else 0
    customer = after.customer if after else None
    certificate = after.certificate if after else None
    return Case(
        case_id,
        chat_id,
        revision=revision,
        customer=customer,
        certificate=certificate,
    )
