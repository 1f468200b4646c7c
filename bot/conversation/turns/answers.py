"""An answer is stored, or taken back."""

from dataclasses import replace

from bot.conversation import reissue
from bot.conversation.cards import shown
from bot.conversation.case import Case
from bot.conversation.flow import Step, Text, pruned
from bot.conversation.transition import Transition, Turn
from bot.messages.screen import Line, Word


def answer(turn: Turn, step: Step, value: str, *, erase: bool = False) -> Transition:
    """Store this answer, drop those that its path does not need, and echo it, masked where it is personal."""
    answers = pruned(reissue.STEPS, {**turn.case.answers, step.id: value})
    case = replace(turn.case, answers=answers, editing=None)
    return Transition(case, notes=_echo(step, value), erase=erase)


def unanswer(case: Case, step_id: str) -> Case:
    kept = {name: value for name, value in case.answers.items() if name != step_id}
    return replace(case, answers=kept)


def forgotten(case: Case) -> Case:
    """Purge what the customer told us: an ended case keeps none of it."""
    return replace(case, answers={}, proof=None, enrolment=None, editing=None)


def _echo(step: Step, value: str) -> tuple[Line, ...]:
    if not (step.counted or isinstance(step, Text)):
        return ()
    return (Line("reissue.noted", {"field": Word(f"reissue.field.{step.id}"), "value": shown(step, value)}),)
