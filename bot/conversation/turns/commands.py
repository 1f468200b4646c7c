"""A command was typed, at any time and in any phase."""

from dataclasses import replace

from bot.conversation.case import ENDED, Phase
from bot.conversation.events import Commanded
from bot.conversation.transition import SideRequest, Transition, Turn, note
from bot.conversation.turns import lookups
from bot.conversation.turns.taps import start
from bot.messages.screen import Line, Screen


def commanded(turn: Turn, event: Commanded) -> Transition:
    name = event.name
    if name in {"start", "reissue"}:
        return _begin(turn, name)
    if name in lookups.BESIDE:
        return lookups.BESIDE[name](turn, "")
    match name:
        case "cancel":
            return lookups.ask_cancel(turn)
        case "faq":
            return Transition(turn.case, asides=(SideRequest("topics"),))
        case "agent":
            return Transition(turn.case, asides=(SideRequest("human"),))
        case "help":
            return Transition(turn.case, tells=(Screen((Line("help.text"),)),))
        case "privacy":
            return Transition(turn.case, tells=(Screen((Line("privacy.text"),)),))
        case _:
            return note(turn.case, "error.unknown_command")


def _begin(turn: Turn, name: str) -> Transition:
    case = turn.case
    if case.phase in ENDED:
        return start(turn) if name == "reissue" else Transition(replace(case, phase=Phase.IDLE), show="fresh")
    if name == "reissue" and case.phase is Phase.ISSUED:
        return start(turn)
    if case.phase in {Phase.SENDING, Phase.DECIDING, Phase.ISSUING, Phase.ISSUED}:
        return Transition(case, show="fresh")
    return Transition(replace(case, confirming="restart"), show="fresh")
