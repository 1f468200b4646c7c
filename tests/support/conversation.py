"""A conversation without messenger, clock or disk: events go into `decide`, screens come out."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from bot.conversation.case import Case, Phase
from bot.conversation.decide import Decision, decide
from bot.conversation.events import (
    Approved,
    CodeSent,
    Commanded,
    Event,
    Issued,
    Refused,
    Said,
    SharedContact,
    Tapped,
)
from bot.conversation.procedure import Rules
from bot.conversation.turns.texts import CODE_LIFETIME, digest
from bot.core.clock import KST
from bot.messages.catalog import Catalogs
from bot.messages.screen import Button, Screen

NOON = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)  # 12:00 in Korea
CODE, WRONG_CODE = "482913", "000000"
SALT = b"salt of the test"
CUSTOMER = "C1001"
PASSWORD = "Haneul!2026road"
WORDS = Catalogs.load(facts={"customer_centre": "1566-2566, 1588-2588"})

#: What a customer types or taps, step by step; a tap in brackets.
TRIAGE = ("[pick:lost]", "[pick:valid]", "[pick:unknown]", "[pick:self]", "[tick:all]", "[pick:agree]")
FORM = (
    "홍길동",
    "1985-11-02",
    "010-2345-6789",
    "987-654321-09-876",
    "[pick:resident_card]",
    "2021. 4. 15.",
    "[pick:sms]",
)
PERSONAL = ("홍길동", "1985-11-02", "01023456789", "98765432109876", "2021-04-15")
ANSWERS = {
    "reason": "lost",
    "state": "valid",
    "expiry": "unknown",
    "who": "self",
    "ready": "document,contact,account",
    "consent": "agree",
    "name": "홍길동",
    "birth": "1985-11-02",
    "phone": "01023456789",
    "account": "98765432109876",
    "id_type": "resident_card",
    "id_issued_on": "2021-04-15",
    "via": "sms",
}


def seoul(day: date, hour: int = 12, minute: int = 0, second: int = 0, micro: int = 0) -> datetime:
    return datetime(day.year, day.month, day.day, hour, minute, second, micro, KST).astimezone(UTC)


def code_sent(now: datetime, customer: str | None = CUSTOMER, code: str = CODE) -> CodeSent:
    return CodeSent(digest(SALT, code), SALT, now + CODE_LIFETIME, customer)


def approved(now: datetime) -> Approved:
    return Approved("12345678", "AB12-CD34", now + timedelta(days=7), date(2027, 3, 15))


def issued(now: datetime) -> Issued:
    return Issued("7A3F", now + timedelta(days=200), now + timedelta(hours=24))


@dataclass
class Talk:
    case: Case = field(default_factory=lambda: Case("c0ffee123456", 42))
    now: datetime = NOON
    rules: Rules = field(default_factory=Rules)
    history: list[Decision] = field(default_factory=list)

    @property
    def last(self) -> Decision:
        return self.history[-1]

    @property
    def screen(self) -> Screen:
        return self.last.screen

    @property
    def keys(self) -> list[str]:
        return [line.key for line in self.screen.lines]

    @property
    def told(self) -> list[str]:
        return [line.key for screen in self.last.tells for line in screen.lines]

    @property
    def orders(self) -> list[str]:
        return [order.kind for order in self.last.jobs]

    def happens(self, event: Event) -> Decision:
        decision = decide(self.case, event, self.now, self.rules)
        self.history.append(decision)
        self.case = decision.case
        return decision

    def taps(self, token: str) -> Decision:
        """Press a button that stands on the present screen."""
        assert token in tokens(self.screen), f"no button {token} on {self.keys}: {tokens(self.screen)}"
        return self.happens(Tapped(token, self.screen.revision))

    def says(self, text: str, *, question: bool = False) -> Decision:
        return self.happens(Said(text, question=question))

    def commands(self, name: str) -> Decision:
        return self.happens(Commanded(name))

    def shares(self, phone: str = "+821023456789", *, own: bool = True) -> Decision:
        return self.happens(SharedContact(phone, own))

    def does(self, *acts: str) -> "Talk":
        for act in acts:
            if act.startswith("["):
                self.taps(act[1:-1])
            else:
                self.says(act)
        return self

    def passes(self, time: timedelta) -> "Talk":
        self.now += time
        return self

    # --- how far ---

    def begun(self) -> "Talk":
        self.commands("start")
        return self.does("[start]")

    def consented(self) -> "Talk":
        return self.begun().does(*TRIAGE)

    def waiting_for_code(self, customer: str | None = CUSTOMER) -> "Talk":
        self.consented().does(*FORM)
        self.happens(code_sent(self.now, customer))
        return self

    def reviewing(self) -> "Talk":
        return self.waiting_for_code().does(CODE)

    def submitted(self) -> "Talk":
        return self.reviewing().does("[submit]")

    def enrolled(self) -> "Talk":
        self.submitted().happens(approved(self.now))
        return self

    def issuing(self) -> "Talk":
        return self.enrolled().does(PASSWORD)

    def has_certificate(self) -> "Talk":
        self.issuing().happens(issued(self.now))
        return self

    def ends_well(self) -> None:
        """Go on from the review to a certificate: every error's example ends in success."""
        assert "reissue.review" in self.keys
        self.does("[submit]")
        if self.case.phase is Phase.SENDING:  # The proof has become too old meanwhile.
            self.happens(code_sent(self.now))
            self.does(CODE, "[submit]")
        assert self.case.phase is Phase.DECIDING
        self.happens(approved(self.now))
        self.does(PASSWORD)
        self.happens(issued(self.now))
        self.does("[received]")
        assert self.case.phase is Phase.CLOSED

    # --- what is read ---

    def reads(self, language: str = "ko") -> str:
        return read(self.screen, language)


def tokens(screen: Screen) -> list[str]:
    return [each.token for each in buttons(screen)]


def buttons(screen: Screen) -> list[Button]:
    return [each for row in screen.rows for each in row]


def read(screen: Screen, language: str = "ko") -> str:
    """Return all that a screen says, its buttons included."""
    labels = [WORDS.text(language, each.label) for each in buttons(screen)]
    return "\n".join([WORDS.page(language, screen.lines).text, *labels])


def at(phase: Phase) -> Talk:
    """Return a conversation that has come to this phase."""
    ways = {
        Phase.IDLE: lambda talk: talk.commands("start") and talk,
        Phase.ASKING: Talk.consented,
        Phase.SENDING: lambda talk: talk.consented().does(*FORM),
        Phase.PROVING: Talk.waiting_for_code,
        Phase.DECIDING: Talk.submitted,
        Phase.ENROLLED: Talk.enrolled,
        Phase.ISSUING: Talk.issuing,
        Phase.ISSUED: Talk.has_certificate,
        Phase.REFUSED: lambda talk: refused(talk.submitted(), "R03"),
        Phase.CLOSED: lambda talk: talk.has_certificate().does("[received]"),
        Phase.CANCELLED: lambda talk: cancelled(talk.consented()),
    }
    talk: Talk = ways[phase](Talk())
    assert talk.case.phase is phase
    return talk


def cancelled(talk: Talk) -> Talk:
    talk.commands("cancel")
    return talk.does("[yes]")


def refused(talk: Talk, code: str, retry_at: datetime | None = None) -> Talk:
    talk.happens(Refused(code, retry_at))
    return talk
