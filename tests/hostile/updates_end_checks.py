"""What must hold at the end of a campaign: nothing waits, everybody is answered, and nothing was issued by mistake."""

import asyncio
import sqlite3
from collections import Counter
from contextlib import closing, suppress
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.crash import leaks
from tests.crash.database_view import sqlite_flaws
from tests.crash.invariants import BY_HAND, LIVE, Verdict, _signatures
from tests.crash.robot_customer import CODE
from tests.support.local_telegram import TOKEN

if TYPE_CHECKING:
    from tests.hostile.updates_setup import Scene

HONEST_PATIENCE = 120.0


async def ends(it: "Scene") -> None:
    """Let everybody finish, and check the results."""
    await _honest_finish(it)
    await it.passes(timedelta(minutes=30))
    await it.settles()
    await it.asks(it.wanderers)
    await _inbox(it)
    await _issued(it)
    await _told(it)
    _ledger(it)
    await _disk(it)


async def _honest_finish(it: "Scene") -> None:
    async def all_done() -> None:
        while not all(each.finished or each.wrong for each in it.robots.values()):
            await it.passes(timedelta(seconds=30))
            await asyncio.sleep(0.2)

    with suppress(TimeoutError):
        await asyncio.wait_for(all_done(), HONEST_PATIENCE)
    for chat_id, each in it.robots.items():
        if not each.finished:
            it.watch.finds("honest and not served", each.wrong or each.person.dump(), chat_id)


async def _inbox(it: "Scene") -> None:
    states = dict(await it.local_telegram.rows("SELECT state, COUNT(*) FROM inbox GROUP BY state"))
    if states.get("pending"):
        it.watch.finds("waits for ever", str(await it.waiting()))
    parked = dict(
        await it.local_telegram.rows(
            "SELECT last_error, COUNT(*) FROM inbox WHERE state = 'parked' GROUP BY last_error"
        )
    )
    if parked != dict(it.watch.parked):
        it.watch.finds("parked", f"{parked} rows, and the log told of {dict(it.watch.parked)}")
    if it.watch.told_staff != sum(it.watch.parked.values()):
        it.watch.finds("parked", f"staff were told of {it.watch.told_staff} of {dict(it.watch.parked)}")


async def _issued(it: "Scene") -> None:
    """I1 and I2: each certificate belongs to an application whose customer typed the code that only they had."""
    rows = await it.local_telegram.rows("SELECT request_id, chat_id, serial FROM applications WHERE outcome = 'issued'")
    serials = {str(request): serial for request, _, serial in rows}
    it.issued = len(rows)
    new = {
        each.request_id: f"{each.serial:X}"
        for person in it.folk
        for each in it.local_telegram.authority.certificates(person.record.customer_id)
        if not each.request_id.startswith(BY_HAND)
    }
    if new != serials:
        it.watch.finds("issued", f"{set(new.items()) ^ set(serials.items())} is not in both books")
    by_chat = Counter(int(str(chat_id)) for _, chat_id, _ in rows)
    for each in it.wanderers:
        most = each.codes if each.is_customer else 0
        if by_chat[each.folk.user_id] > most:
            it.watch.finds("issued", f"{by_chat[each.folk.user_id]}, and {most} codes", each.folk.user_id)
    for chat_id, robot in it.robots.items():
        if by_chat[chat_id] != robot.done:
            it.watch.finds("issued", f"{by_chat[chat_id]} to somebody who got {robot.done}", chat_id)
    known = {each.user_id for each in it.folk}
    if set(by_chat) - known:
        it.watch.finds("issued", f"to chats that do not exist: {set(by_chat) - known}")


async def _told(it: "Scene") -> None:
    """I3: of each notice it is known whether it was sent, or that its chat had blocked the bot."""
    query = "SELECT key, state FROM outbox WHERE result IS NOT NULL AND state = 'pending'"
    for key, _ in await it.local_telegram.rows(query):
        if str(key).partition(".")[0].endswith("chat"):
            it.watch.finds("untold", str(key))


def _ledger(it: "Scene") -> None:
    verdict = Verdict()
    verdict.problems += _signatures(it.local_telegram.authority, None)
    file = it.local_telegram.settings.storage.data_dir / "ca" / "ledger.sqlite3"
    with closing(sqlite3.connect(file)) as connection:
        verdict.problems += [f"I2: {row}" for row in connection.execute(LIVE)]
    verdict.problems += sqlite_flaws(file)
    for each in verdict.problems:
        it.watch.finds("books", each)


async def _disk(it: "Scene") -> None:
    """I6 and I7."""
    if not await it.local_telegram.is_sound():
        it.watch.finds("books", "I7: the desk's database is damaged")
    secrets = {TOKEN, *(each for person in it.folk[:6] for each in person.secrets)}
    codes = [CODE.match(each.text) for each in it.local_telegram.messenger.phones.texts]
    files = leaks.files_of(it.local_telegram.settings.storage.data_dir)
    for each in await asyncio.to_thread(lambda: [*leaks.found(files, secrets, [found[1] for found in codes if found])]):
        it.watch.finds("books", each)
