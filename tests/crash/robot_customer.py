"""A robot customer: does what the newest screen asks for, once, and never helps a bot that forgot something."""

import asyncio
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from bot.messages.screen import Line
from handlers.local import LocalMessenger
from handlers.local.people.person import NotOnScreen, Person
from handlers.local.wire.json_shapes import JSON
from handlers.telegram.render import read_token
from tests.crash.customers import Folk
from tests.support.local_telegram import WORDS

#: Buttons in the order in which they are looked for.
TAPS = (
    "no", "submit", "pick:lost", "pick:valid", "pick:self", "tick:all", "pick:agree",
    "pick:resident_card", "pick:sms", "pick:unknown",
)  # fmt: skip
QUESTIONS = ("name", "birth", "phone", "account", "id_issued_on")
NOTICES = ("notice.approved", "notice.issued", "notice.refused")


def pattern(key: str) -> re.Pattern[str]:
    template = re.sub(r"\*\*|`", "", WORDS._template("ko", key))
    parts = re.split(r"\{\w+\}", template)
    return re.compile("(.+?)".join(re.escape(part) for part in parts), re.DOTALL)


PATTERNS = {
    key: pattern(key) for key in (*(f"reissue.ask.{step}" for step in QUESTIONS), "proof.sent.sms", "enrolled.password")
}
CODE = re.compile(re.escape(WORDS.text("ko", Line("sms.code", {"code": "#"})).partition("#")[0]) + r"(\d{6})")


@dataclass(frozen=True, slots=True)
class Manners:
    """How often a customer does more than was asked: taps twice, or asks for help in between."""

    double_taps: float = 0.0
    chatter: float = 0.0
    #: How often they retry after a refusal: a clock that jumps ends the life of a code.
    patience: int = 0


@dataclass
class Robot:
    folk: Folk
    person: Person
    messenger: LocalMessenger
    rounds: int = 1
    manners: Manners = field(default_factory=Manners)
    done: int = 0
    wrong: str = ""
    #: The test ended while it was still being served, so nothing can be said of it.
    left: bool = False
    started: bool = False
    submitted: int = 0
    turned_away: int = 0
    #: Called with the next action: the token of a button, or the last word of a question's key.
    before: Callable[[str], None] = lambda _step: None
    waited: list[float] = field(default_factory=list)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    _acted: set[int] = field(default_factory=set)
    _read: int = 0  #: The last text message whose code was typed.
    _since: float | None = None

    @property
    def finished(self) -> bool:
        return self.done >= self.rounds

    async def lives(self) -> None:
        """Act until every round is done; the caller sets the time limit."""
        dice = random.Random(self.folk.user_id)
        while not self.finished and not self.wrong:
            self.wake.clear()
            await self._step(dice)
            if not self.finished and not self.wrong:
                await self.wake.wait()

    async def _step(self, dice: random.Random) -> None:
        if not self.started:
            self.started = True
            self.before("/start")
            await self.person.starts()
            return
        found = self.card()
        if found is None:
            return
        revision, tokens, message = found
        if revision in self._acted:
            return
        if await self._acts(tokens, message, dice):
            self._acted.add(revision)
            self._note_wait()

    def _note_wait(self) -> None:
        now = asyncio.get_running_loop().time()
        if self._since is not None:
            self.waited.append(now - self._since)
        self._since = now

    def looks_at(self) -> Iterator[JSON]:
        return self.person.chat.newest()

    def card(self) -> tuple[int, dict[str, str], JSON] | None:
        """Return the newest screen: its revision, its buttons (token to data), and the message."""
        best: tuple[int, dict[str, str], JSON] | None = None
        for message in self.looks_at():
            rows = message.get("reply_markup", {}).get("inline_keyboard", ())
            data = [button["callback_data"] for row in rows for button in row if "callback_data" in button]
            read = {read_token(each): each for each in data}
            revision = max((revision for revision, _ in read), default=-1)
            if revision >= 0 and message["from"]["is_bot"] and (best is None or revision > best[0]):
                best = revision, {token: each for (_, token), each in read.items()}, message
        return best

    async def _acts(self, tokens: dict[str, str], message: JSON, dice: random.Random) -> bool:
        """Return whether the screen asked for something that could be done."""
        if "mend" in tokens or ("again" in tokens and not PATTERNS["proof.sent.sms"].search(message["text"])):
            return await self._turned_away(tokens, message, dice)
        if "files" in tokens:
            return await self._received(tokens, message, dice)
        if "start" in tokens:
            await self._taps(tokens["start"], message, dice)
            return True
        for token in TAPS:
            if token in tokens:
                self.before(token)
                self.submitted += token == "submit"
                await self._taps(tokens[token], message, dice)
                return True
        return await self._types(message["text"])

    async def _turned_away(self, tokens: dict[str, str], message: JSON, dice: random.Random) -> bool:
        if self.turned_away >= self.manners.patience:
            self.wrong = f"{self.folk.user_id} was turned away: {message['text']}"
            return False
        self.turned_away += 1
        await self._taps(tokens.get("again") or tokens["mend"], message, dice)
        return True

    async def _received(self, tokens: dict[str, str], message: JSON, dice: random.Random) -> bool:
        if "received" in tokens:
            await self._taps(tokens["received"], message, dice)
            return True
        self.done += 1
        if self.finished:
            return True
        await self._taps(tokens["start"], message, dice)
        return True

    async def _taps(self, data: str, message: JSON, dice: random.Random) -> None:
        number = message["message_id"]
        try:
            await self.person.taps(data, number)
            if dice.random() < self.manners.double_taps:
                await self.person.taps(data, number)
            if dice.random() < self.manners.chatter:
                await self.person.says("/help")
        except NotOnScreen as problem:
            self.wrong = str(problem)

    async def _types(self, text: str) -> bool:
        record = self.folk.record
        key = next((key for key, known in PATTERNS.items() if known.search(text)), None)
        values = {
            "reissue.ask.name": record.name,
            "reissue.ask.birth": record.birth_date.isoformat(),
            # Long texts are looked up in the knowledge base, which is one more place where a task can be stopped.
            "reissue.ask.phone": f"제 번호는 {self.folk.phone_as_typed}이에요",
            "reissue.ask.account": f"계좌번호는 {record.account}이에요",
            "reissue.ask.id_issued_on": record.id_issued_on.isoformat(),
            "proof.sent.sms": self._code() if key == "proof.sent.sms" else None,
            "enrolled.password": self.folk.password,
        }
        value = values.get(key or "")
        if not value:
            return False
        self.before((key or "").rpartition(".")[2])
        await self.person.says(value)
        return True

    def asks(self, text: str, step: str) -> bool:
        return bool(PATTERNS[f"reissue.ask.{step}"].search(text))

    def _code(self) -> str | None:
        """Return the newest code that was not typed yet."""
        for sms in reversed(self.messenger.sms_of(self.folk.record.phone)):
            found = CODE.match(sms.text)
            if found and sms.order > self._read:
                self._read = sms.order
                return found[1]
        return None
