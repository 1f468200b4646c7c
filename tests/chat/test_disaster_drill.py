"""The restore drill: customers in the middle of applications, a backup while they talk, the loss of everything, a
restore.
"""

import asyncio
import json
import shutil
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

import ca
from bot.issuing import key_files
from tests.crash.customers import Folk, folk
from tests.support.command import program, settings_of
from tests.support.disaster import Survivor, awake, survivors
from tests.support.local_telegram import LocalTelegram, authority_template, local_telegram

#: Where each customer is at the time of the backup. The last two talk while it is made; one more comes later.
STAGES = (
    "reissue.ask.phone",
    "proof.sent.sms",
    "submit",
    "enrolled.password",
    "received",
    "files",
    None,
    None,
)
PEOPLE = folk(len(STAGES) + 1)


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authority_template(tmp_path_factory.mktemp("drill"), [each.record for each in PEOPLE])


@dataclass
class Drill:
    local_telegram: LocalTelegram
    folder: Path
    people: list[Survivor]

    @property
    def journal(self) -> Path:
        assert self.local_telegram.settings.authority.journal
        return self.local_telegram.settings.authority.journal

    async def commands(self, *arguments: str) -> dict[str, Any]:
        """Run the program as another process, as an operator does."""
        settings = settings_of(self.local_telegram.messenger, self.folder / "data") | {"CA_JOURNAL": str(self.journal)}
        ended = await asyncio.to_thread(program, *arguments, "--json", folder=self.folder, **settings)
        assert ended.returncode == 0, ended.stderr
        values: dict[str, Any] = json.loads(ended.stdout)
        return values

    async def loses_everything(self) -> None:
        await self.local_telegram.indoors.aclose()
        self.local_telegram.authority.close()
        for each in self.people:
            each.loses_sight()
        await asyncio.to_thread(shutil.rmtree, self.folder / "data" / "ca")
        for each in await asyncio.to_thread(lambda: list((self.folder / "data").glob("desk.db*"))):
            each.unlink()

    async def opens_again(self) -> None:
        settings = self.local_telegram.settings
        self.local_telegram.authority = key_files.open_authority(settings, key_files.open_vault(settings, print), print)
        await self.local_telegram.opens()

    def held(self, one: Folk) -> tuple[ca.Record, ...]:
        return self.local_telegram.authority.certificates(one.record.customer_id)

    def serials(self) -> list[int]:
        return [each.serial for one in PEOPLE for each in self.held(one)]

    def live(self, one: Folk) -> list[int]:
        return [each.serial for each in self.held(one) if each.status is ca.Status.GOOD]


@pytest.fixture
async def drill(furnished: Path, tmp_path: Path) -> AsyncIterator[Drill]:
    records, personas = [each.record for each in PEOPLE], [each.persona for each in PEOPLE]
    journal = str(tmp_path / "elsewhere.journal")
    async with local_telegram(furnished, tmp_path / "data", records, personas, CA_JOURNAL=journal) as made:
        people = survivors(made.messenger, PEOPLE)
        with awake(made.messenger, people):
            yield Drill(made, tmp_path, people)
        made.authority.close()


async def stand(drill: Drill) -> list[asyncio.Task[None]]:
    """Bring everybody to where they are at the backup; those who talk during it have just begun."""
    for robot, stage in zip(drill.people, STAGES, strict=False):
        robot.halt = stage
    lives = [asyncio.create_task(robot.finishes()) for robot in drill.people[: len(STAGES)]]
    for robot in drill.people[:5]:
        async with asyncio.timeout(60):
            await robot.reached.wait()
    return lives


@pytest.mark.parametrize("moment", ["up to the last act", "up to a moment in between"])
async def test_everybody_comes_to_a_certificate_after_the_loss_of_everything(
    drill: Drill, moment: str, request: pytest.FixtureRequest
) -> None:
    lives = await stand(drill)
    made = await drill.commands("backup", "--to", str(drill.folder / "backup"))
    assert made["size"] > 0

    for robot in drill.people:
        robot.goes_on()
    await asyncio.gather(*lives[:4])
    journal = drill.folder / "kept.journal"
    known, head = drill.serials(), drill.local_telegram.authority.audit_head()
    shutil.copy(drill.journal, journal)
    await asyncio.gather(*lives, drill.people[-1].finishes())
    thief = drill.live(PEOPLE[4])[0]
    drill.local_telegram.authority.revoke(thief, ca.Reason.KEY_COMPROMISE, "theft")
    if moment == "up to the last act":
        known, head, journal = drill.serials(), drill.local_telegram.authority.audit_head(), drill.journal
    before = {serial: drill.local_telegram.authority.record(serial) for serial in known}
    await drill.loses_everything()
    if journal != drill.journal:
        journal.replace(drill.journal)

    back = await drill.commands("restore", "--from", str(drill.folder / "backup"), "--ca-journal", str(drill.journal))
    await drill.opens_again()
    acts = Counter(each["kind"] for each in back["authority"]["acts"])
    assert drill.local_telegram.authority.verify_audit(head).ok
    assert set(known) <= set(drill.serials())
    assert acts["signed"] >= 4
    if moment == "up to the last act":
        for serial, record in before.items():
            assert drill.local_telegram.authority.record(serial) == record

    going_on = [robot for robot in drill.people if drill.live(robot.folk)]
    assert len(going_on) == len(PEOPLE) - (moment == "up to the last act")
    for robot in going_on:
        await robot.returns()
    await asyncio.gather(*(robot.finishes() for robot in going_on))
    await drill.local_telegram.quiet()

    serials = drill.serials()
    assert len(serials) == len(set(serials))
    issued = await drill.local_telegram.rows(
        "SELECT chat_id, serial FROM applications WHERE outcome = 'issued' ORDER BY issued_at"
    )
    newest = dict(issued)
    for robot in going_on:
        assert [newest[robot.folk.user_id]] == [f"{serial:X}" for serial in drill.live(robot.folk)]
    if moment == "up to the last act":
        assert drill.live(PEOPLE[4]) == []
    assert drill.local_telegram.authority.verify_audit(head).ok
    assert await drill.local_telegram.rows("SELECT COUNT(*) FROM inbox WHERE state = 'parked'") == [(0,)]
    turned = sum(robot.turned_away for robot in going_on)
    text = f"{dict(acts)} after the backup; {turned} of {len(going_on)} had to apply again;"
    request.node.add_report_section("call", "measured", f"{text} waiting in the backup: {back['desk']}")
