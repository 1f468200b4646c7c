"""Whether text typed into a form is a question instead. A name taken for a question is the worse mistake."""

import re
from collections.abc import Iterable

from bot.knowledge.language.signals import Signals
from bot.knowledge.search.finding import Match, Zone

MARK = re.compile(r"[?？]\s*$")
#: What answers to forms are made of, and questions seldom.
FILLED_IN = re.compile(r"[\d@]")
LETTERS = re.compile(r"[^\W\d_]")
#: No Korean name is longer, and few English ones.
NAME_LETTERS = 6
#: Sure enough to count without any sign of asking.
PLAIN = 0.8


def is_question(text: str, signals: Iterable[Signals], zone: Zone, best: Match | None) -> bool:
    """`zone` and `best` are what the text was found to be about."""
    signals, lowered = tuple(signals), text.lower()
    asks = any(each.asks(lowered) for each in signals)
    if _is_long(text) and not FILLED_IN.search(text) and any(each.elsewhere(lowered) for each in signals):
        return True  # it wants something of another thing: no form of ours asks for that
    if MARK.search(text):
        return (asks and _is_long(text)) or zone != "unknown"
    if zone == "unknown" or best is None or not _is_long(text) or FILLED_IN.search(text):
        return asks and zone == "answer"
    return asks or best.score >= PLAIN


def _is_long(text: str) -> bool:
    return len(LETTERS.findall(text)) > NAME_LETTERS or len(text.split()) > 1
