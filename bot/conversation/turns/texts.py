"""A text was written: an answer to the form, a code, a password, a question, or something forbidden."""

import hashlib
import hmac
from dataclasses import replace
from datetime import timedelta

from bot.conversation.cards import position
from bot.conversation.case import Phase, Proof
from bot.conversation.events import Said
from bot.conversation.flow import Text
from bot.conversation.input import forbidden, parse, password
from bot.conversation.input.parse import Refused
from bot.conversation.transition import SideRequest, Transition, Turn, follow, note
from bot.conversation.turns.answers import answer
from bot.core.clock import kst_day
from bot.messages.screen import Line, Screen

CODE_LIFETIME = timedelta(minutes=3)
CODE_TRIES = 5
#: Any letters can be a name, so a question without a question mark is recognised by its length. No name may be taken
#: for a question ("Do The Anh" is a man's name): shorter texts, and words that all begin with a capital, are names.
NAME_WORDS, NAME_SYLLABLES = 3, 6


def said(turn: Turn, event: Said) -> Transition:
    kind = forbidden.recognise(event.text, expecting(turn))
    if kind is not None:
        return forbidden_sent(turn, kind)
    if event.question and not _holds_what_was_asked_for(turn, event):
        return _asked(turn, event)
    match turn.case.phase:
        case Phase.PROVING:
            return _code(turn, event)
        case Phase.ENROLLED:
            return _password(turn, event)
        case Phase.ASKING if not turn.case.confirming:
            return _answer(turn, event)
        case Phase.ISSUING | Phase.ISSUED if not password.problems(event.text):
            # Most likely the password once more: it must not stay in the chat.
            return Transition(turn.case, erase=True, show="fresh")
        case _:
            return _asked(turn, event)


def _holds_what_was_asked_for(turn: Turn, event: Said) -> bool:
    """Tell an answer with a question mark from a question: a secret in it must not stay in the chat."""
    case = turn.case
    if case.phase is Phase.ENROLLED:
        one_word = not any(letter.isspace() for letter in event.text)
        return one_word and (event.text.isascii() or any(letter.isdigit() for letter in event.text))
    today = kst_day(turn.now)
    if case.phase is Phase.PROVING:
        return isinstance(parse.code(event.text, today), str)
    here = position(case, today, turn.rules) if case.phase is Phase.ASKING and not case.confirming else None
    if not isinstance(here, Text) or here.mask is None:
        return False
    value = here.parse(event.text, today)
    return isinstance(value, str) and not (here.id == "name" and _is_a_sentence(value))


def _is_a_sentence(name: str) -> bool:
    words = name.split()
    if all(word[0].isupper() for word in words):
        return False
    syllables = sum("\uac00" <= letter <= "\ud7a3" for letter in name)
    return len(words) > NAME_WORDS or syllables > NAME_SYLLABLES


def expecting(turn: Turn) -> str | None:
    """Return the name of what the form is waiting for, so that an answer is not taken for a secret."""
    case = turn.case
    if case.phase is Phase.PROVING:
        return "code"
    if case.phase is Phase.ENROLLED:
        return "password"
    here = position(case, kst_day(turn.now), turn.rules)
    return here.id if isinstance(here, Text) else None


def forbidden_sent(turn: Turn, kind: str) -> Transition:
    """Delete it, store nothing of it, and say why."""
    lines = (Line("forbidden.deleted"), Line(f"forbidden.{kind}"))
    return Transition(turn.case, tells=(Screen(lines),), erase=True)


def _asked(turn: Turn, event: Said) -> Transition:
    return Transition(turn.case, asides=(SideRequest("question", event.text),))


def _answer(turn: Turn, event: Said) -> Transition:
    here = position(turn.case, kst_day(turn.now), turn.rules)
    if not isinstance(here, Text):
        return _asked(turn, event)
    value = here.parse(event.text, kst_day(turn.now))
    personal = here.mask is not None
    if isinstance(value, Refused):
        return replace(note(turn.case, f"error.{value.error}"), erase=personal)
    return answer(turn, here, value, erase=personal)


def digest(salt: bytes, code: str) -> bytes:
    return hashlib.sha256(salt + code.encode()).digest()


def _code(turn: Turn, event: Said) -> Transition:
    proof = turn.case.proof
    code = parse.code(event.text, kst_day(turn.now))
    if proof is None:
        late = isinstance(code, str)  # The card says that no code was sent, and how to get one.
        return Transition(turn.case, erase=True, show="fresh") if late else _asked(turn, event)
    if isinstance(code, Refused):
        return replace(note(turn.case, f"error.{code.error}"), erase=True)
    if turn.now >= proof.expires_at:
        return _void(turn, "error.code_lapsed")
    right = hmac.compare_digest(digest(proof.salt, code), proof.digest)
    if right and proof.customer is not None:
        case, orders = follow(turn.case, "right")
        return Transition(replace(case, proof=replace(proof, proven=True)), (Line("proof.right"),), orders, erase=True)
    return _wrong(turn, proof)


def _wrong(turn: Turn, proof: Proof) -> Transition:
    left = proof.tries_left - 1
    if left <= 0:
        return _void(turn, "error.code_used_up")
    case, orders = follow(replace(turn.case, proof=replace(proof, tries_left=left)), "wrong")
    return Transition(case, (Line("error.code_wrong", {"left": left}),), orders, erase=True)


def _void(turn: Turn, error: str) -> Transition:
    case, orders = follow(replace(turn.case, proof=None), "lapsed")
    return Transition(case, (Line(error),), orders, erase=True)


def _password(turn: Turn, event: Said) -> Transition:
    """Pass the password to the job that makes the key; the case never holds it."""
    answers = turn.case.answers
    personal = [answers[field] for field in ("name", "phone", "birth", "account") if field in answers]
    problems = password.problems(event.text, personal)
    if problems:
        return replace(note(turn.case, f"error.{problems[0]}"), erase=True)
    case, orders = follow(turn.case, "password")
    jobs = tuple(replace(order, secret=event.text) for order in orders)
    return Transition(case, jobs=jobs, erase=True)
