"""The mechanism of a form: steps, and the customer's position among them, computed from the answers alone."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

from bot.conversation.input.parse import Refused

Answers = Mapping[str, str]
Condition = Callable[[Answers], bool]
Parser = Callable[[str, date], str | Refused]
Mask = Callable[[str], str]


def always(_answers: Answers) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One question of the form; `id` names its answer, its catalog keys and its buttons."""

    id: str
    when: Condition = always
    #: Part of "3/8": the triage before it is a conversation, not a form.
    counted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice(Step):
    options: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Check(Step):
    """A list to tick; answered once every item is ticked."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Text(Step):
    """A typed answer. Personal ones are deleted from the chat once read, and shown only masked."""

    parse: Parser
    mask: Mask | None = None
    #: Answers that can be tapped instead of typed.
    options: tuple[str, ...] = ()
    contact: bool = False


Steps = tuple[Step, ...]
TICK = ","


def ticked(answers: Answers, step: Check) -> frozenset[str]:
    return frozenset(filter(None, answers.get(step.id, "").split(TICK)))


def tick(answers: Answers, step: Check, item: str) -> str:
    """Return the answer with this item ticked, or unticked if it was ticked."""
    chosen = ticked(answers, step) ^ {item}
    return TICK.join(each for each in step.items if each in chosen)


def answered(answers: Answers, step: Step) -> bool:
    if isinstance(step, Check):
        return ticked(answers, step) >= set(step.items)
    return step.id in answers


def applicable(steps: Steps, answers: Answers) -> Iterator[Step]:
    return (step for step in steps if step.when(answers))


def gap(steps: Steps, answers: Answers) -> Step | None:
    """Return the first applicable step without an answer."""
    return next((step for step in applicable(steps, answers) if not answered(answers, step)), None)


def find(steps: Steps, answers: Answers, step_id: str) -> Step | None:
    return next((step for step in applicable(steps, answers) if step.id == step_id), None)


def pruned(steps: Steps, answers: Answers) -> Answers:
    """Return the answers on the current path: answers of an abandoned branch are neither shown nor sent."""
    kept: dict[str, str] = {}
    for step in steps:
        if step.id in answers and step.when(kept):
            kept[step.id] = answers[step.id]
    return kept


def before(steps: Steps, answers: Answers, step_id: str | None) -> Step | None:
    """Return the last answered step before this one (before the end, if None)."""
    earlier = None
    for step in applicable(steps, answers):
        if step.id == step_id:
            break
        if step.id in answers:
            earlier = step
    return earlier


def progress(steps: Steps, answers: Answers, step: Step) -> tuple[int, int] | None:
    """Return "3 of 8" for a counted step."""
    counted = [each.id for each in applicable(steps, answers) if each.counted]
    return (counted.index(step.id) + 1, len(counted)) if step.id in counted else None
