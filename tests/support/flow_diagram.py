"""Draws the flow as it is: `python -m tests.support.flow_diagram > docs/flow.md`. A test compares page and code."""

import sys
from collections.abc import Iterator

from bot.conversation import reissue
from bot.conversation.case import BOT_TURN, ENDED, Phase
from bot.conversation.flow import Check, Choice, Step, Text, always

HEAD = """\
# The flow

Drawn from `bot/conversation/reissue.py`: `python -m tests.support.flow_diagram > docs/flow.md`. A test compares both.

## Phases

An arrow is named by what happened, and behind the slash by the job that the bot then does. Where the customer \
stands inside `asking` is computed from the answers, never stored. Starting again leads through `idle` from every \
phase but the dashed ones, in which the bot is at work.
"""
STEPS = """
## Steps

The first applicable step without an answer is asked. Answers that the path no longer needs are dropped.

| # | step | is | asked | answers |
|--:|---|---|---|---|
"""
ENDINGS = """
## Endings

Ways out of the form that are no application; back is always open: """


def page() -> str:
    """Return the whole page."""
    rows = "\n".join(_row(number, step) for number, step in enumerate(reissue.STEPS, start=1))
    endings = ", ".join(f"`{each.id}`" for each in reissue.ENDINGS)
    diagram = "\n".join(("```mermaid", *_diagram(), "```"))
    return f"{HEAD}\n{diagram}\n{STEPS}{rows}\n{ENDINGS}{endings}.\n"


def _diagram() -> Iterator[str]:
    yield "stateDiagram-v2"
    yield f"  [*] --> {Phase.IDLE}"
    edges: dict[tuple[Phase, Phase], list[str]] = {}
    for (phase, happened), (target, job) in reissue.ARROWS.items():
        edges.setdefault((phase, target), []).append(f"{happened} / {job}" if job else happened)
    for (phase, target), labels in edges.items():
        yield f"  {phase} --> {target}: {', '.join(labels)}"
    for phase in Phase:
        if phase in ENDED and phase is not Phase.IDLE:
            yield f"  {phase} --> [*]"
    yield "  classDef bot stroke-dasharray: 4"
    yield f"  class {','.join(phase for phase in Phase if phase in BOT_TURN)} bot"


def _row(number: int, step: Step) -> str:
    return f"| {number} | `{step.id}` | {_kind(step)} | {_when(step)} | {_answers(step)} |"


def _kind(step: Step) -> str:
    kind = {Choice: "choice", Check: "checklist", Text: "text"}[type(step)]
    personal = isinstance(step, Text) and step.mask is not None
    return f"{kind}, personal" if personal else kind


def _answers(step: Step) -> str:
    if isinstance(step, Check):
        return " ".join(f"`{item}`" for item in step.items)
    options = step.options if isinstance(step, Choice | Text) else ()
    typed = ["typed"] if isinstance(step, Text) else []
    shared = ["shared contact"] if isinstance(step, Text) and step.contact else []
    return ", ".join([*typed, *shared, *([" ".join(f"`{each}`" for each in options)] if options else [])])


def _when(step: Step) -> str:
    """Find the condition of a step by trying every single answer on it."""
    if step.when is always:
        return "always"
    if step.when({}):
        return f"unless {_causes(step, wanted=False)}"
    return f"if {_causes(step, wanted=True)}"


def _causes(step: Step, *, wanted: bool) -> str:
    choices = [each for each in reissue.STEPS if isinstance(each, Choice)]
    single = [(each.id, option) for each in choices for option in each.options]
    found = [f"{name} is `{option}`" for name, option in single if step.when({name: option}) is wanted]
    return " or ".join(found)


if __name__ == "__main__":
    sys.stdout.write(page())
