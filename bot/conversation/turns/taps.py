"""A button was pressed. Its token is looked up in the current state; nothing in it is trusted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

from bot.conversation import reissue
from bot.conversation.cards import EDIT_MENU, position
from bot.conversation.case import BOT_TURN, ENDED, Case, Phase
from bot.conversation.events import Tapped
from bot.conversation.flow import Check, Choice, Step, Text, before, find, pruned, tick, ticked
from bot.conversation.refusals import REFUSALS
from bot.conversation.transition import SideRequest, Transition, Turn, can, follow, note
from bot.conversation.turns import lookups
from bot.conversation.turns.answers import answer, forgotten, unanswer
from bot.core.clock import kst_day
from bot.messages.screen import Line, Screen

#: How long a proof of identity holds; after that a new code is sent before anything is submitted.
PROOF_LIFETIME = timedelta(minutes=30)

#: Taps that are valid at any time, on any message: they change no case.
ASIDES = frozenset({"topic", "group", "language", "useful", "useless", "remind"})


def tapped(turn: Turn, event: Tapped) -> Transition:
    name, _, value = event.token.partition(":")
    if name in ASIDES:
        return Transition(turn.case, asides=(SideRequest(name, value),))  # type: ignore[arg-type]
    side = lookups.BESIDE.get(name)
    if side is not None:
        return side(turn, value)
    if name == "begin":  # It stands under an article, and the card may be far above.
        return replace(_start(turn, value), show="fresh")
    if event.revision != turn.case.revision:
        return _ticked_in_haste(turn, value) if name == "tick" and event.on_card else _outdated(turn.case, event)
    if turn.case.confirming:
        return _confirmed(turn, name)
    action = _ACTIONS.get(name)
    return action(turn, value) if action else _outdated(turn.case, event)


def _outdated(case: Case, event: Tapped) -> Transition:
    """An outdated button changes nothing. On the current card it was a double tap, and needs no reply.

    One with a later revision was made before the bot was restored from a backup: it is no double tap.
    """
    if event.on_card and event.revision < case.revision:
        return Transition(case, show="leave")
    return replace(note(case, "error.old_button"), show="fresh")


def _confirmed(turn: Turn, name: str) -> Transition:
    case = turn.case
    if name == "yes" and case.confirming == "cancel" and can(case, "cancel"):
        after, orders = follow(case, "cancel")
        return Transition(forgotten(after), jobs=orders)
    if name == "yes" and case.confirming == "restart":
        return start(turn)
    return Transition(replace(case, confirming=None))


def start(turn: Turn, _value: str = "") -> Transition:
    """Start again; the chat's revision, proven customer and last certificate stay."""
    case = replace(forgotten(turn.case), phase=Phase.IDLE, receipt=None, refusal=None, retry_at=None, confirming=None)
    after, orders = follow(case, "start")
    return Transition(after, jobs=orders)


def _start(turn: Turn, _value: str) -> Transition:
    if turn.case.phase in ENDED or turn.case.phase is Phase.ISSUED:
        return start(turn)
    if turn.case.phase in BOT_TURN:
        return Transition(turn.case)  # A certificate is being made: leaving now would lose it.
    if turn.case.phase is Phase.ASKING and not turn.case.answers and not turn.case.confirming:
        return Transition(turn.case)  # It has just begun: a double tap must not start it again.
    return Transition(replace(turn.case, confirming="restart"))


def _pick(turn: Turn, value: str) -> Transition:
    step = position(turn.case, kst_day(turn.now), turn.rules)
    if isinstance(step, Choice | Text) and value in step.options:
        return answer(turn, step, value)
    return note(turn.case, "error.old_button")


def _tick(turn: Turn, item: str) -> Transition:
    step = position(turn.case, kst_day(turn.now), turn.rules)
    if not isinstance(step, Check) or item not in (*step.items, "all"):
        return note(turn.case, "error.old_button")
    ticks = ",".join(step.items) if item == "all" else tick(turn.case.answers, step, item)
    return answer(turn, step, ticks)


def _ticked_in_haste(turn: Turn, item: str) -> Transition:
    """Items are ticked faster than a card is redrawn. Only ever on: a double tap must not untick."""
    step = position(turn.case, kst_day(turn.now), turn.rules)
    asked = turn.case.phase is Phase.ASKING and not turn.case.confirming
    if asked and isinstance(step, Check) and item in {*step.items} - ticked(turn.case.answers, step):
        return _tick(turn, item)
    return Transition(turn.case, show="leave")


def _back(turn: Turn, _value: str) -> Transition:
    case = turn.case
    if case.editing:
        return Transition(replace(case, editing=None))
    if case.phase is Phase.PROVING:
        case, _ = follow(case, "back")
        return Transition(unanswer(replace(case, proof=None, retry_at=None), "via"))
    if case.phase is not Phase.ASKING:
        return Transition(case)
    here = position(case, kst_day(turn.now), turn.rules)
    step = before(reissue.STEPS, case.answers, here.id if isinstance(here, Step) else None)
    return Transition(unanswer(case, step.id) if step else replace(case, phase=Phase.IDLE))


def _edit(turn: Turn, field: str) -> Transition:
    case = turn.case
    editable = case.phase is Phase.ASKING and case.proven and (not field or field in reissue.FIELDS)
    return Transition(replace(case, editing=field or EDIT_MENU)) if editable else note(case, "error.old_button")


def _submit(turn: Turn, _value: str) -> Transition:
    case = turn.case
    if (
        case.editing
        or position(case, kst_day(turn.now), turn.rules) is not None
        or not can(case, "submit")
        or not case.proven
    ):
        return note(case, "error.old_button")
    if case.proof is not None and turn.now >= case.proof.expires_at + PROOF_LIFETIME:
        return Transition(replace(case, proof=None), notes=(Line("proof.stale"),))
    count = case.submissions + 1
    receipt = f"{kst_day(turn.now):%y%m%d}-{case.id[:6].upper()}-{count}"
    answers = pruned(reissue.STEPS, case.answers)
    case = replace(case, answers=answers, submissions=count, receipt=receipt, refusal=None, retry_at=None)
    after, orders = follow(case, "submit")
    return Transition(after, jobs=orders)


def _again(turn: Turn, _value: str) -> Transition:
    if not can(turn.case, "again"):
        return note(turn.case, "error.old_button")
    after, orders = follow(replace(turn.case, proof=None, retry_at=None), "again")
    return Transition(after, jobs=orders)


def _mend(turn: Turn, _value: str) -> Transition:
    case = turn.case
    refusal = REFUSALS.get(case.refusal or "")
    if refusal is None or not can(case, "mend") or not (refusal.field or refusal.again):
        return note(case, "error.old_button")
    if case.retry_at and turn.now < case.retry_at:
        return note(case, "error.too_early")
    after, _ = follow(case, "mend")
    return Transition(replace(after, editing=refusal.field, refusal=None, retry_at=None))


def _received(turn: Turn, _value: str) -> Transition:
    if not can(turn.case, "received"):
        return note(turn.case, "error.old_button")
    after, orders = follow(turn.case, "received")
    return Transition(after, jobs=orders)


def _cancel(turn: Turn, _value: str) -> Transition:
    return lookups.ask_cancel(turn)


def _help(turn: Turn, _value: str) -> Transition:
    here = position(turn.case, kst_day(turn.now), turn.rules)
    if isinstance(here, Step) and find(reissue.STEPS, turn.case.answers, here.id):
        return Transition(turn.case, tells=(Screen((Line(f"reissue.help.{here.id}"),)),))
    return Transition(turn.case, tells=(Screen((Line("help.text"),)),))


def _home(turn: Turn, _value: str) -> Transition:
    if turn.case.phase is Phase.ASKING:
        return Transition(replace(forgotten(turn.case), phase=Phase.IDLE))
    return Transition(turn.case)


_ACTIONS: dict[str, Callable[[Turn, str], Transition]] = {
    "start": _start,
    "pick": _pick,
    "tick": _tick,
    "back": _back,
    "edit": _edit,
    "submit": _submit,
    "again": _again,
    "mend": _mend,
    "received": _received,
    "cancel": _cancel,
    "help": _help,
    "home": _home,
}
