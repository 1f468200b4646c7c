"""The job behind a certificate check, with a messenger and an authority that do as they are told."""

from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest

from bot.case import Case
from bot.checkup import MOST_BYTES
from bot.delivery import Busy, DeliveryError, Down, Gone, Refused, TooBig
from bot.event import CertificateChecked, FileUnread
from bot.examiner import MOST_TRIES, Examiner
from bot.issuing import IssuerAway, Purpose, Standing
from bot.message import Erase
from bot.store.bell import Bell
from bot.store.chats import Chat
from bot.store.database import Transaction, _connect, _migrate
from bot.store.jobs import Job, Task
from bot.store.outbox import Outbox
from ca.vault import KeyRing, Vault
from tests.support.certificates import der
from tests.support.talk import NOON
from tests.unit.ca.genuine import CERTIFICATE as GENUINE

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


async def event_of(content: bytes | DeliveryError, issuer: Issuer | None = None, attempts: int = 1) -> object:
    """Do the job, whose message then goes out of the chat, and return what it reports."""
    messenger = Messenger(content)
    outbox = Outbox(Vault(KeyRing.new()), Bell(), timedelta(seconds=30))
    examiner = Examiner(messenger, issuer or Issuer(), outbox, Noon())  # type: ignore[arg-type]
    task = Task("c0ffee-1", "file-id", None, 77)
    conclude = await examiner.check(Job(1, "k", "check_certificate", 42, task, attempts, "l"), CASE)
    assert messenger.asked == ([("file-id", MOST_BYTES)] if attempts <= MOST_TRIES else [])
    with closing(_connect(":memory:")) as connection:
        _migrate(connection)
        tx = Transaction(connection)
        event = conclude(tx, Chat(42, "ko", CASE))
        (waiting,) = outbox.claim(tx, NOON, 10)
        assert waiting.message == Erase(77)
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
