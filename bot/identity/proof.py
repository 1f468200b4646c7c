"""Identity proofing: compares the claimed identity with the register, and sends and checks the one-time code.

A stranger learns nothing: an unknown person gets the same screens after the same work. A code is made and an outbox
row written, but nothing is sent and no code is right (NIST SP 800-63B, 5.1.3: out-of-band authenticators).
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.conversation.events import CodeSent, Paused
from bot.conversation.input.parse import name_key
from bot.conversation.turns.texts import CODE_LIFETIME, digest
from bot.identity.limits import Limit, Limits
from bot.identity.register import CustomerRecord, CustomerRegister
from bot.messages.outgoing import Mail, Message, Sms
from bot.messages.screen import Line
from bot.storage.database import Transaction

SALT_BYTES = 16
CODE_DIGITS = 6
#: This many of name, birth date, phone and account must be right before a code is sent.
ENOUGH = 2
LOCATING = frozenset({"R01", "R02", "R03", "R04"})

Entropy = Callable[[int], bytes]


@dataclass(frozen=True, slots=True)
class IdentityLimits:
    chat: Limit
    #: Counted by what was typed, known or not, so that the pause itself reveals nothing.
    person: Limit
    overall: Limit
    #: Applications of one proven person that did not match the register.
    refusals: Limit


DEFAULT_LIMITS = IdentityLimits(
    chat=Limit(5, timedelta(minutes=10), timedelta(minutes=10), timedelta(hours=24)),
    person=Limit(8, timedelta(hours=1), timedelta(minutes=30), timedelta(hours=12)),
    overall=Limit(3000, timedelta(minutes=1), timedelta(seconds=30), timedelta(minutes=2)),
    refusals=Limit(5, timedelta(hours=24), timedelta(hours=1), timedelta(hours=24)),
)


@dataclass(frozen=True, slots=True)
class Claim:
    """The claimed identity: what a customer says of themselves."""

    name: str
    birth: str
    phone: str
    account: str
    id_type: str
    id_issued_on: str
    via: str

    @classmethod
    def of(cls, answers: Mapping[str, str]) -> "Claim":
        return cls(*(answers[field] for field in cls.__slots__))


class Identity:
    def __init__(
        self,
        register: CustomerRegister,
        limits: Limits,
        policy: IdentityLimits,
        entropy: Entropy = os.urandom,
    ) -> None:
        self._register = register
        self._limits = limits
        self._policy = policy
        self._entropy = entropy

    def send_code(
        self, tx: Transaction, chat_id: int, claim: Claim, language: str, now: datetime
    ) -> tuple[CodeSent, str, Message] | Paused:
        """Return the event, and the message with the code and its lane; or until when to wait."""
        until = self._paused(tx, chat_id, claim, now)
        if until is not None:
            return Paused(until)
        found = self._find(tx, claim)
        code, salt = self._code(), self._entropy(SALT_BYTES)
        expires = now + CODE_LIFETIME
        event = CodeSent(digest(salt, code), salt, expires, found.customer_id if found else None)
        lane, message = _carrier(found, claim.via, code, language)
        return event, lane, message

    def count_refusal(self, tx: Transaction, customer: str, now: datetime) -> datetime | None:
        """Count an application that does not match the register; return until when no further one is accepted."""
        return self._limits.take(tx, f"refusals:{customer}", self._policy.refusals, now)

    def _paused(self, tx: Transaction, chat_id: int, claim: Claim, now: datetime) -> datetime | None:
        # The chat first: a chat over its limit must not go on using up its victim's tries.
        for key, limit in ((f"chat:{chat_id}", self._policy.chat), ("overall", self._policy.overall)):
            until = self._limits.take(tx, key, limit, now)
            if until is not None:
                return until
        # Together: one after the other, their pauses would add up.
        person = (
            f"person:{name_key(claim.name)}|{claim.birth}",
            f"phone:{claim.phone}",
            f"account:{claim.account}",
        )
        waits = [self._limits.take(tx, key, self._policy.person, now) for key in person]
        return max(filter(None, waits), default=None)

    def _find(self, tx: Transaction, claim: Claim) -> CustomerRecord | None:
        people = self._register.like(tx, claim.name, claim.birth, claim.phone, claim.account)
        fit = sorted(people, key=lambda each: _agreement(each, claim), reverse=True)
        if not fit or _agreement(fit[0], claim) < ENOUGH:
            return None
        tied = len(fit) > 1 and _agreement(fit[1], claim) == _agreement(fit[0], claim)
        return None if tied else fit[0]

    def _code(self) -> str:
        # 64 random bits modulo a million: the bias is 5e-14.
        return f"{int.from_bytes(self._entropy(8), 'big') % 10**CODE_DIGITS:0{CODE_DIGITS}d}"


def _agreement(record: CustomerRecord, claim: Claim) -> int:
    """Return how many of name, birth date, account and phone are right."""
    return len(LOCATING - frozenset(mismatches(record, claim)))


def _carrier(found: CustomerRecord | None, via: str, code: str, language: str) -> tuple[str, Message]:
    if via == "mail" and (found is None or found.email):
        body = (Line("mail.code", {"code": code}), Line("mail.code.warning"))
        to = found.email if found else ""
        return "mail", Mail(to, Line("mail.code.subject"), body, language)
    return "sms", Sms(found.phone if found else "", Line("sms.code", {"code": code}), language)


def mismatches(record: CustomerRecord, claim: Claim) -> list[str]:
    """Return the refusal codes of every field that differs from the register."""
    same = {
        "R01": name_key(record.name) == name_key(claim.name),
        "R02": record.birth_date.isoformat() == claim.birth,
        "R03": record.account == claim.account,
        "R04": record.phone == claim.phone,
        "R11": (record.id_type, record.id_issued_on.isoformat()) == (claim.id_type, claim.id_issued_on),
    }
    return [code for code, right in same.items() if not right]
