"""The job behind a certificate check, with a messenger and an authority that do as they are told."""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import TypeVar

import pytest

from bot.conversation.case import Case
from bot.conversation.chats import Chat
from bot.conversation.events import CertificateChecked, FileUnread
from bot.core.wakeup import Wakeup
from bot.engine.certificate_check import AT_MOST, MOST_TRIES, CertificateCheck, CheckStores
from bot.identity.limits import Limits
from bot.issuing.certificate_reader import MOST_BYTES
from bot.issuing.port import IssuerAway, Purpose, Standing
from bot.messages.delivery import Busy, DeliveryError, Down, Gone, Refused, TooBig
from bot.messages.outgoing import DeleteMessage
from bot.queues.jobs import Job, Task
from bot.queues.outbox import Outbox
from bot.storage.database import Transaction
from bot.storage.sqlite import SqliteTransaction, _connect, _migrate
from ca.ledger.vault import KeyRing, Vault
from tests.support.certificates import der
from tests.support.conversation import NOON
from tests.support.genuine_npki import CERTIFICATE as GENUINE

T = TypeVar("T")
CASE = Case("c0ffee123456", 42)


class Noon:
    def now(self) -> datetime:
        return NOON.astimezone(UTC)


@dataclass
class Messenger:
    content: bytes | DeliveryError
    asked: list[tuple[str, int]] = field(default_factory=list)

    async def fetch(self, file_id: str, most_bytes: int) -> bytes:
        self.asked.append((file_id, most_bytes))
        if isinstance(self.content, DeliveryError):
            raise self.content
        return self.content


@dataclass
class Issuer:
    says: Standing | None = field(default_factory=lambda: Standing("foreign"))
    shown: list[bytes] = field(default_factory=list)

    async def standing(self, certificate: bytes) -> Standing:
        self.shown.append(certificate)
        if self.says is None:
            raise IssuerAway
        return self.says


@dataclass
class Memory:
    """A database whose units run at once."""

    tx: Transaction

    async def unit(self, work: Callable[[Transaction], T]) -> T:
        return work(self.tx)


@dataclass
class Office:
    """An examiner with everything around it."""

    messenger: Messenger
    tx: Transaction
    outbox: Outbox
    certificate_check: CertificateCheck

    async def checks(self, attempts: int = 1, chat_id: int = 42) -> object:
        """Do the job, whose message then goes out of the chat, and return what it reports."""
        self.messenger.asked.clear()
        task, key = Task("c0ffee-1", "file-id", None, 77), f"u{next(NUMBERS)}.check"
        job = Job(1, key, "check_certificate", chat_id, task, attempts, "l")
        conclude = await self.certificate_check.check(job, CASE)
        event = conclude(self.tx, Chat(chat_id, "ko", CASE))
        (waiting,) = self.outbox.claim(self.tx, NOON, 10)
        assert waiting.message == DeleteMessage(77)
        assert self.outbox.sent(self.tx, waiting, NOON)
        return event


NUMBERS = count()


@contextmanager
def office(content: bytes | DeliveryError, issuer: Issuer | None = None) -> Iterator[Office]:
    vault = Vault(KeyRing.new())
    with closing(_connect(":memory:")) as connection:
        _migrate(connection)
        tx = SqliteTransaction(connection)
        messenger, outbox = Messenger(content), Outbox(vault, Wakeup(), timedelta(seconds=30))
        books = CheckStores(Memory(tx), outbox, Limits(vault))  # type: ignore[arg-type]
        certificate_check = CertificateCheck(messenger, issuer or Issuer(), books, Noon())  # type: ignore[arg-type]
        yield Office(messenger, tx, outbox, certificate_check)


async def event_of(content: bytes | DeliveryError, issuer: Issuer | None = None, attempts: int = 1) -> object:
    with office(content, issuer) as made:
        event = await made.checks(attempts)
        assert made.messenger.asked == ([("file-id", MOST_BYTES)] if attempts <= MOST_TRIES else [])
        return event


async def test_a_foreign_one_has_the_purpose_of_its_policy() -> None:
    event = await event_of(GENUINE)
    assert isinstance(event, CertificateChecked)
    assert (event.authority, event.purpose, event.status) == (
        "yessign",
        Purpose("finance", "person"),
        "foreign",
    )


async def test_the_books_know_better_than_the_policy() -> None:
    issuer = Issuer(Standing("hold", Purpose("general", "corporation")))
    shown = der()
    event = await event_of(shown, issuer)
    assert isinstance(event, CertificateChecked)
    assert (event.purpose, event.status, issuer.shown) == (
        Purpose("general", "corporation"),
        "hold",
        [shown],
    )


async def test_an_authority_that_is_away_is_said_to_be() -> None:
    event = await event_of(der(), Issuer(None))
    assert isinstance(event, CertificateChecked)
    assert event.status == "away"


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "broken"),
        (GENUINE[:-1], "broken"),
        (b"\xff\xd8\xff", "id_photo"),
        (b"-----BEGIN PRIVATE KEY-----", "private_key_file"),
        (TooBig(), "big"),
        (Refused("wrong file_id"), "gone"),
        (Gone("blocked"), "gone"),
    ],
)
async def test_what_is_none_is_reported_at_once(content: bytes | DeliveryError, why: str) -> None:
    issuer = Issuer()
    assert await event_of(content, issuer) == FileUnread(why)  # type: ignore[arg-type]
    assert issuer.shown == []


@pytest.mark.parametrize("weather", [Down("TimedOut"), Busy(7)])
async def test_bad_weather_is_for_the_runner_until_it_was_enough(weather: DeliveryError) -> None:
    for attempts in range(1, MOST_TRIES):
        with pytest.raises(type(weather)):
            await event_of(weather, attempts=attempts)
    assert await event_of(weather, attempts=MOST_TRIES) == FileUnread("gone")


async def test_what_breaks_us_time_after_time_is_let_go_unread() -> None:
    assert await event_of(der(), attempts=MOST_TRIES + 1) == FileUnread("gone")


async def test_too_many_files_of_one_chat_are_not_looked_at_for_a_while() -> None:
    with office(der()) as made:
        for _ in range(AT_MOST.tries):
            assert isinstance(await made.checks(), CertificateChecked)
        assert await made.checks() == FileUnread("often", NOON + AT_MOST.pause)
        assert made.messenger.asked == []
        assert isinstance(await made.checks(chat_id=43), CertificateChecked), "nobody else waits for it"


async def test_a_file_counts_once_however_often_it_is_tried_to_get_it() -> None:
    with office(der()) as made:
        for _ in range(3 * AT_MOST.tries):
            assert isinstance(await made.checks(attempts=2), CertificateChecked)
        assert isinstance(await made.checks(), CertificateChecked)
