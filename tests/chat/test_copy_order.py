"""Two backups are two moments: whether the bot's or the authority's may be older, tried at each step of a reissue."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Callable, Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

import ca
from bot.backup import archive
from bot.backup.service import (
    AUTHORITY_FILE,
    DATABASE_FILE,
    NotRestored,
    RestoreReport,
    copy_authority,
    copy_database,
    mac_of,
    restore,
)
from bot.issuing import key_files
from bot.issuing.embedded import EmbeddedIssuer
from bot.queues.inbox import Arrival, Inbox
from bot.storage.database import Transaction
from tests.crash.customers import folk
from tests.support.disaster import Survivor, awake, survivors
from tests.support.local_telegram import LocalTelegram, authority_template, local_telegram

ONE = folk(1)[0]


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authority_template(tmp_path_factory.mktemp("order"), [ONE.record])


@pytest.fixture
async def place(furnished: Path, tmp_path: Path) -> AsyncIterator[LocalTelegram]:
    journal = str(tmp_path / "elsewhere.journal")
    async with local_telegram(furnished, tmp_path / "data", [ONE.record], [ONE.persona], CA_JOURNAL=journal) as made:
        yield made
        made.authority.close()


@pytest.fixture
def customer(place: LocalTelegram) -> Survivor:
    return survivors(place.messenger, [ONE])[0]


class Vans:
    """Takes the copies at the moments that a test names."""

    def __init__(self, place: LocalTelegram, folder: Path) -> None:
        self._place = place
        self._folder = folder
        self._vault = key_files.open_vault(place.settings, print)

    def database(self) -> None:
        copy_database(self._place.settings, self._folder / DATABASE_FILE)

    def authority(self) -> None:
        copy_authority(self._place.settings, self._vault, self._folder / AUTHORITY_FILE, self._place.clock.now)

    def pack(self) -> Path:
        parts = {name: self._folder / name for name in (DATABASE_FILE, AUTHORITY_FILE)}
        now = self._place.clock.now().isoformat()
        archive.write(self._folder / "backup", parts, now, 3, mac_of(self._vault))
        return self._folder / "backup"

    async def loses_everything(self) -> None:
        await self._place.indoors.aclose()
        self._place.authority.close()
        data = self._place.settings.storage.data_dir
        await asyncio.to_thread(shutil.rmtree, data / "ca")
        for each in await asyncio.to_thread(lambda: list(data.glob("desk.db*"))):
            each.unlink()

    async def bring_back(self, *journals: Path) -> RestoreReport:
        file = self.pack()
        settings, clock = self._place.settings, self._place.clock
        return await asyncio.to_thread(restore, settings, self._vault, file, journals, clock.now)

    async def open_again(self) -> None:
        self._place.authority = key_files.open_authority(self._place.settings, self._vault, print)
        await self._place.opens()


@pytest.fixture
def vans(place: LocalTelegram, tmp_path: Path) -> Vans:
    return Vans(place, tmp_path)


def before(patch: pytest.MonkeyPatch, name: str, act: Callable[[], None]) -> None:
    """Do this once, just before the bot first makes this call to its authority."""
    whole, left = getattr(EmbeddedIssuer, name), [act]

    async def passing(*arguments: Any) -> Any:
        if left:
            await asyncio.to_thread(left.pop())
        return await whole(*arguments)

    patch.setattr(EmbeddedIssuer, name, passing)


#: The call to the authority before which the bot is copied, and whether its customer has to apply again.
MOMENTS = {
    "it looks up the old certificate": ("held", True),
    "it asks for the enrolment": ("enrol", True),
    "it makes the key, which then dies with it": ("make_key", True),
    "it asks for the certificate, with its key kept": ("redeem", False),
    "it packs the certificate that it was given": ("pack", False),
}


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_desk_older_than_its_authority_keeps_every_promise(
    place: LocalTelegram, customer: Survivor, vans: Vans, monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    method, applies_again = MOMENTS[moment]
    with awake(place.messenger, [customer]), monkeypatch.context() as patch:
        before(patch, method, vans.database)
        await customer.finishes()
        await place.quiet()
        vans.authority()
        known = {each.serial for each in place.authority.certificates(ONE.record.customer_id)}
        await vans.loses_everything()
        customer.loses_sight()

        back = await vans.bring_back()
        await vans.open_again()
        await place.quiet()
        await customer.returns()
        await customer.finishes()
        await place.quiet()

    held = place.authority.certificates(ONE.record.customer_id)
    assert known <= {each.serial for each in held}
    assert len(held) == len(known) + applies_again
    assert [each.status for each in held].count(ca.Status.GOOD) == 1
    assert customer.turned_away == applies_again
    assert back.database.jobs >= 1
    assert place.authority.verify_audit().ok
    rows = await place.rows("SELECT serial FROM applications WHERE outcome = 'issued'")
    assert rows == [(f"{held[-1].serial:X}",)]


async def test_an_authority_older_than_its_desk_is_refused_and_its_journal_mends_it(
    place: LocalTelegram, customer: Survivor, vans: Vans, tmp_path: Path
) -> None:
    vans.authority()
    with awake(place.messenger, [customer]):
        await customer.finishes()
        await place.quiet()
        vans.database()
        _, new = place.authority.certificates(ONE.record.customer_id)
        await vans.loses_everything()
        customer.loses_sight()
        journal = place.settings.authority.journal
        assert journal
        kept = tmp_path / "kept"
        shutil.copy(journal, kept)

        with pytest.raises(NotRestored, match=f"{new.serial:X}"):
            await vans.bring_back()
        data = place.settings.storage.data_dir
        assert sorted(each.name for each in data.iterdir()) == ["faq", "keys"][1 - (data / "faq").exists() :]

        back = await vans.bring_back(journal)
        await vans.open_again()
        await customer.returns()
        await customer.finishes()

    assert back.authority
    assert f"{new.serial:x}" in [each.serial for each in back.authority.acts if each.kind == "signed"]
    assert place.authority.record(new.serial) == new


async def test_updates_that_are_offered_again_are_known_or_have_no_second_effect(
    place: LocalTelegram, customer: Survivor, vans: Vans, monkeypatch: pytest.MonkeyPatch
) -> None:
    offered: list[Arrival] = []
    adds = Inbox.add

    def remembering(self: Inbox, tx: Transaction, arrivals: Iterable[Arrival], now: datetime) -> None:
        taken = list(arrivals)
        offered.extend(taken)
        adds(self, tx, taken, now)

    monkeypatch.setattr(Inbox, "add", remembering)
    with awake(place.messenger, [customer]):
        customer.halt = "submit"
        life = asyncio.create_task(customer.finishes())
        await customer.reached.wait()
        await place.quiet()
        vans.database()
        vans.authority()
        customer.goes_on()
        await life
        await place.quiet()
        old, new = place.authority.certificates(ONE.record.customer_id)
        await vans.loses_everything()
        customer.loses_sight()
        assert place.settings.authority.journal
        await vans.bring_back(place.settings.authority.journal)
        await vans.open_again()

        again = list(offered)
        for _ in range(2):
            await place.app.shared.database.unit(
                lambda tx: adds(place.app.shared.queues.inbox, tx, again, place.clock.now())
            )
            await place.quiet()
        assert place.authority.certificates(ONE.record.customer_id) == (old, new)
        assert await place.rows("SELECT COUNT(*) FROM applications") == [(0,)]
        assert await place.rows("SELECT COUNT(*) FROM inbox WHERE state <> 'done'") == [(0,)]

        await customer.returns()
        await customer.finishes()
    held = place.authority.certificates(ONE.record.customer_id)
    assert [each.status for each in held] == [ca.Status.REVOKED, ca.Status.REVOKED, ca.Status.GOOD]
    assert customer.turned_away == 0
