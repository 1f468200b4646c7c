"""Decides whether text typed into a form is a question. Taking a name for a question is the worse error."""

import re
from collections.abc import Iterable

from bot.knowledge.language.signals import Signals
from bot.knowledge.search.result import Candidate, Zone

QUESTION_MARK = re.compile(r"[?？]\s*$")
#: Characters that form answers often have, and questions seldom.
FORM_CHARACTERS = re.compile(r"[\d@]")
LETTERS = re.compile(r"[^\W\d_]")
#: No Korean name is longer, and few English ones.
MAX_NAME_LETTERS = 6
#: The score from which a text is a question even without a sign of one.
MIN_SCORE_WITHOUT_SIGN = 0.8


def is_question(text: str, signals: Iterable[Signals], zone: Zone, best: Candidate | None) -> bool:
    """`zone` and `best` are the search result for the text."""
    signals, lowered = tuple(signals), text.lower()
    has_sign = any(each.has_question_sign(lowered) for each in signals)
    is_long, is_form_answer = _is_long(text), bool(FORM_CHARACTERS.search(text))
    if is_long and not is_form_answer and any(each.is_about_something_else(lowered) for each in signals):
        return True  # a request about something else is never the answer to a form
    if QUESTION_MARK.search(text):
        return (has_sign and is_long) or zone != "unknown"
    if zone == "unknown" or best is None or not is_long or is_form_answer:
        return has_sign and zone == "answer"
    return has_sign or best.score >= MIN_SCORE_WITHOUT_SIGN


def _is_long(text: str) -> bool:
    return len(LETTERS.findall(text)) > MAX_NAME_LETTERS or len(text.split()) > 1
