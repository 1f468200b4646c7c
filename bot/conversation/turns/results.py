"""Results of the bot's own jobs. One that comes too late, for a case that moved on, changes nothing."""

from dataclasses import replace

from bot.conversation.case import Certificate, Enrolment, Phase, Proof
from bot.conversation.events import (
    Approved,
    CertificateSeen,
    CodeLapsed,
    CodeSent,
    Delayed,
    Issued,
    Paused,
    Refused,
)
from bot.conversation.refusals import REFUSALS
from bot.conversation.transition import Transition, Turn, can, follow
from bot.conversation.turns.answers import forgotten
from bot.conversation.turns.lookups import certificate_lines
from bot.conversation.turns.texts import CODE_TRIES
from bot.core.clock import kst_day
from bot.messages.screen import Day, Line, Moment, Param, Screen, button


def code_sent(turn: Turn, event: CodeSent) -> Transition:
    if not can(turn.case, "code_sent"):
        return Transition(turn.case, show="leave")
    case, orders = follow(turn.case, "code_sent")
    proof = Proof(event.digest, event.salt, event.expires_at, event.customer, CODE_TRIES)
    jobs = tuple(replace(order, due=event.expires_at) for order in orders)
    return Transition(replace(case, proof=proof, retry_at=None), jobs=jobs)


def code_lapsed(turn: Turn, event: CodeLapsed) -> Transition:
    proof = turn.case.proof
    if turn.case.phase is not Phase.PROVING or proof is None or proof.digest != event.digest:
        return Transition(turn.case, show="leave")
    case, orders = follow(replace(turn.case, proof=None), "lapsed")
    return Transition(case, (Line("error.code_lapsed"),), orders)


def paused(turn: Turn, event: Paused) -> Transition:
    if not can(turn.case, "paused"):
        return Transition(turn.case, show="leave")
    case, orders = follow(replace(turn.case, proof=None, retry_at=event.until), "paused")
    return Transition(case, (Line("error.paused", {"until": Moment(event.until)}),), orders)


def approved(turn: Turn, event: Approved) -> Transition:
    if not can(turn.case, "approved"):
        return Transition(turn.case, show="leave")
    case, orders = follow(turn.case, "approved")
    enrolment = Enrolment(event.reference, event.authorization, event.expires_at, event.old_expiry)
    notice = Screen((Line("notice.approved", {"receipt": turn.case.receipt or ""}),))
    return Transition(replace(case, enrolment=enrolment, retry_at=None), jobs=orders, tells=(notice,))


def refused(turn: Turn, event: Refused) -> Transition:
    if not can(turn.case, "refused"):
        return Transition(turn.case, show="leave")
    case, orders = follow(turn.case, "refused")
    notice = Screen((Line("notice.refused", {"receipt": turn.case.receipt or "", "code": event.code}),))
    final = not (REFUSALS[event.code].field or REFUSALS[event.code].again)
    kept = {} if final else turn.case.answers
    after = replace(case, refusal=event.code, retry_at=event.retry_at, enrolment=None, answers=kept)
    return Transition(after, jobs=orders, tells=(notice,))


def issued(turn: Turn, event: Issued) -> Transition:
    if not can(turn.case, "issued"):
        return Transition(turn.case, show="leave")
    case, orders = follow(turn.case, "issued")
    customer = turn.case.proof.customer if turn.case.proof else turn.case.customer
    certificate = Certificate(event.serial, event.not_after, event.files_until, turn.case.request_id)
    params: dict[str, Param] = {"receipt": turn.case.receipt or "", "until": Day(kst_day(event.not_after))}
    jobs = tuple(replace(order, due=event.files_until) for order in orders)
    case = replace(case, certificate=certificate, customer=customer, retry_at=None)
    after = replace(case, answers={}, proof=None, enrolment=None)
    return Transition(after, jobs=jobs, tells=(Screen((Line("notice.issued", params),)),))


def delayed(turn: Turn, event: Delayed) -> Transition:
    if not can(turn.case, "delayed"):
        return Transition(turn.case, show="leave")
    return Transition(replace(turn.case, retry_at=event.until))


def files_lapsed(turn: Turn) -> Transition:
    return Transition(turn.case, show="leave")


def abandoned(turn: Turn) -> Transition:
    if not can(turn.case, "cancel"):
        return Transition(turn.case, show="leave")
    case, orders = follow(turn.case, "cancel")
    return Transition(forgotten(case), (Line("card.abandoned"),), orders)


def certificate_seen(turn: Turn, event: CertificateSeen) -> Transition:
    if event.serial is None or event.status is None or event.not_after is None:
        return Transition(turn.case, tells=(Screen((Line("mycert.none"),)),))
    lines = certificate_lines(event.serial, event.status, Day(kst_day(event.not_after)))
    ours = turn.case.certificate
    kept = ours is not None and ours.serial == event.serial and turn.now < ours.files_until
    again = ((button("button.files", "files"), button("button.install", "install")),) if kept else ()
    return Transition(turn.case, tells=(Screen(lines, again),))
