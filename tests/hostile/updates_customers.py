"""Customers who do anything at any time, and mostly what is asked: so bad updates meet every state there is."""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

from bot.messages.catalog import LANGUAGES
from handlers.local import LocalMessenger, NotOnScreen, Persona
from handlers.local.wire.json_shapes import JSON
from handlers.telegram.render import read_token
from tests.crash.customers import Folk
from tests.crash.robot_customer import QUESTIONS, TAPS, Robot
from tests.hostile.updates_shapes import COMMANDS, Shapes
from tests.support.customers import persona
from tests.support.local_telegram import Customer

#: How often one does what the screen asks for: each customer has another habit.
DUTIFUL = (0.3, 0.7, 0.9, 0.97, 0.99)
LOOKED_AT = 40
A_PAUSE_S = 15 * 60
NEEDED = (*(f"reissue.ask.{step}" for step in QUESTIONS), "proof.sent.sms", "enrolled.password")
JUNK = (b"", b"MZ\x00", b"\x30\x82\x03\x00" + b"\x02" * 400, b"PK\x03\x04" + bytes(99), b"\x30\x80" * 300)
FILES = ("signCert.der", "signCert.cer", "npki.zip", "signPri.key", "a.pdf", "x.svg", "cert.p12")


@dataclass
class Honest(Robot):
    """Does what is asked; also where they are told to wait, as when a clock has jumped over a code's life."""

    now: Callable[[], float] = time.time
    _tries_again: float = 0.0

    async def _turned_away(self, tokens: dict[str, str], message: JSON, dice: Random) -> bool:
        if self.now() < self._tries_again:
            return False
        self._tries_again = self.now() + A_PAUSE_S
        return await super()._turned_away(tokens, message, dice)


@dataclass
class Wanderer(Robot):
    """A robot that reads its card in any language, and does something else now and then."""

    dice: Random = field(default_factory=Random)
    shapes: Shapes | None = None
    #: People who are no customers have no code to type, so nothing may be issued to them.
    is_customer: bool = True
    patterns: dict[str, list[re.Pattern[str]]] = field(default_factory=dict)
    #: How many codes were typed that had come to their own phone: nothing may be issued without one.
    codes: int = 0
    dutiful: float = DUTIFUL[0]

    async def acts(self) -> None:
        """Do one thing; the reply is read at the next one."""
        try:
            if self.dice.random() < self.dutiful:
                await self._does_what_is_asked()
            else:
                await self.dice.choice(_WHIMS)(self)
        except NotOnScreen:
            await self.person.says("/start")

    def looks_at(self):  # type: ignore[no-untyped-def]  # noqa: ANN201 - as the robot's
        return iter(self.person.chat.tail(LOOKED_AT)[::-1])

    async def _does_what_is_asked(self) -> None:
        found = self.card()
        if found is None:
            await self.person.starts()
            return
        _, tokens, message = found
        usual = [each for each in ("received", *TAPS, "mend", "again", "start") if each in tokens]
        key = self._asked(message.get("text", ""))
        if key is not None and self.dice.random() < 0.95:
            await self._answers(key, tokens, message)
        elif usual and self.dice.random() < 0.85:
            await self.person.taps(tokens[usual[0]], message["message_id"])
        elif tokens:
            await self.person.taps(self.dice.choice(list(tokens.values())), message["message_id"])
        else:
            await self.person.starts()

    async def _answers(self, key: str, tokens: dict[str, str], message: JSON) -> None:
        answer = self._answer(key)
        if answer is None and "again" in tokens and self.dice.random() < 0.7:
            await self.person.taps(tokens["again"], message["message_id"])
        else:
            self.codes += answer is not None and key == "proof.sent.sms"
            await self.person.says(answer or "000000")

    def _asked(self, text: str) -> str | None:
        return next((key for key, known in self.patterns.items() if any(each.search(text) for each in known)), None)

    def _answer(self, key: str) -> str | None:
        record = self.folk.record
        if key == "proof.sent.sms":
            return self._code()
        return {
            "reissue.ask.name": record.name,
            "reissue.ask.birth": record.birth_date.isoformat(),
            "reissue.ask.phone": record.phone,
            "reissue.ask.account": record.account,
            "reissue.ask.id_issued_on": record.id_issued_on.isoformat(),
            "enrolled.password": self.folk.password,
        }[key]

    # --- random actions ---

    async def taps_what_is_old(self) -> None:
        """Any button of any message that stands in the chat, once or twice."""
        cards = [each for each in self.looks_at() if each.get("reply_markup", {}).get("inline_keyboard")]
        if not cards:
            return
        message = self.dice.choice(cards)
        rows = message["reply_markup"]["inline_keyboard"]
        data = [each["callback_data"] for row in rows for each in row if "callback_data" in each]
        for _ in range(self.dice.choice((1, 1, 2, 4)) if data else 0):
            await self.person.taps(self.dice.choice(data), message["message_id"])

    async def taps_what_is_not_there(self) -> None:
        """A token that no button here has, with the present revision: only the present state can refuse it."""
        assert self.shapes is not None
        found = self.card()
        data = self.shapes.data()
        if found is not None and self.dice.random() < 0.7:
            data = f"{found[0]}.{read_token(data)[1]}"
        messages = self.person.chat.tail(LOOKED_AT)
        if messages:
            await self.person.presses_raw(data, self.dice.choice(messages)["message_id"])

    async def says_anything(self) -> None:
        assert self.shapes is not None
        await self.person.says(self.shapes.text())

    async def commands(self) -> None:
        await self.person.says(f"/{self.dice.choice(COMMANDS)}")

    async def shares(self) -> None:
        await self.person.shares_contact(own=self.dice.random() < 0.5, of=self.dice.choice((None, STRANGER)))

    async def sends(self) -> None:
        assert self.shapes is not None
        if self.dice.random() < 0.3:
            await self.person.sends_document(self.dice.choice(FILES), self.dice.choice(JUNK), "application/x")
        else:
            await self.person.sends(self.shapes.attached())

    async def replies(self) -> None:
        assert self.shapes is not None
        messages = self.person.chat.tail(LOOKED_AT)
        if messages:
            to = self.dice.choice(messages)["message_id"]
            await self.person.says(self.shapes.text(), reply_to=to)

    async def edits(self) -> None:
        mine = [each for each in self.person.chat.tail(LOOKED_AT) if not each["from"]["is_bot"]]
        if mine:
            await self.person.edits(self.dice.choice(mine)["message_id"], "/cancel")

    async def leaves_or_comes_back(self) -> None:
        await (self.person.unblocks if self.person.chat.blocked else self.person.blocks)()

    async def asks_inline(self) -> None:
        assert self.shapes is not None
        await self.person.types_inline(self.shapes.text()[:256])


STRANGER = Persona(777_000, "Strange", "R", None, "+821000000000", "s@x.example", "en", {})
_WHIMS: tuple[Callable[[Wanderer], object], ...] = (
    *(Wanderer.taps_what_is_old,) * 5,
    *(Wanderer.taps_what_is_not_there,) * 3,
    *(Wanderer.says_anything,) * 3,
    *(Wanderer.commands,) * 3,
    Wanderer.shares,
    Wanderer.sends,
    Wanderer.replies,
    Wanderer.edits,
    Wanderer.leaves_or_comes_back,
    Wanderer.asks_inline,
)


def patterns(messenger: LocalMessenger, user_id: int) -> dict[str, list[re.Pattern[str]]]:
    readers = [Customer(messenger.person(user_id), messenger, each) for each in LANGUAGES]
    return {key: [each.pattern(key) for each in readers] for key in NEEDED}


def personas(people: list[Folk], honest: int) -> list[Persona]:
    """The honest read Korean; of the others, a quarter each language."""
    return [
        persona(each.record, each.user_id, LANGUAGES[n % len(LANGUAGES)] if n >= honest else "ko")
        for n, each in enumerate(people)
    ]


def wanderers(messenger: LocalMessenger, people: list[Folk], customers: int, chance: Random) -> list[Wanderer]:
    """The first of these are customers of the bank."""
    known = patterns(messenger, people[0].user_id)
    shapes = Shapes(chance, [each.user_id for each in people])
    return [
        Wanderer(
            each, messenger.person(each.user_id), messenger,
            dice=chance, shapes=shapes, is_customer=number < customers, patterns=known,
            dutiful=DUTIFUL[number % len(DUTIFUL)],
        )
        for number, each in enumerate(people)
    ]  # fmt: skip
