"""A replica dies, or freezes and wakes, while it works: another takes over in time, and a late result is refused."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.crash.await_points import Mode
from tests.crash.customers import folk
from tests.crash.environment import Bank, Stage, furnish, stage, zygote_for
from tests.crash.held_rows import JOB, MESSAGE, Held, at_rest, row_of
from tests.crash.invariants import judge
from tests.crash.processes import Process, Zygote
from tests.support.postgres_server import Server, place, running

pytestmark = [pytest.mark.crash, pytest.mark.asyncio(loop_scope="module")]
#: Long enough that the start of the second process takes no noticeable part of it.
LEASE_SECONDS = 3.0
#: The loops look each second; the rest is for a busy machine.
MARGIN_SECONDS = 2.5
PATIENCE = 40.0


EACH = pytest.mark.parametrize("held", [JOB, MESSAGE], ids=["a job", "a message"])


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with place() as folder, running(folder) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(server: Server, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Bank, Zygote]]:
    bank = await furnish(tmp_path_factory.mktemp("taken over") / "bank", folk(1), server)
    async with zygote_for(bank) as made:
        yield bank, made


@pytest_asyncio.fixture(loop_scope="module")
async def scene(house: tuple[Bank, Zygote], tmp_path: Path) -> AsyncIterator[Stage]:
    async with stage(house[0], tmp_path / "stage", house[1], lease=LEASE_SECONDS) as set_up:
        yield set_up


async def stops(scene: Stage, held: Held, mode: Mode) -> Process:
    """Start a replica, and return when it has stopped at this work."""
    process = await scene.start(watched=True, mode=mode, parts=held.parts)
    if not scene.robots:
        await asyncio.wait_for(process.ready.wait(), PATIENCE)
        await at_rest(scene.folder / "ca" / "ledger.sqlite3")
        scene.invite(scene.bank.people[0])
    async with asyncio.timeout(PATIENCE):
        await process.hit.wait()
    return process


async def goes_well(scene: Stage) -> None:
    async with asyncio.timeout(PATIENCE):
        await scene.lives[0]
    assert await scene.settle()
    for process in scene.processes:
        await process.kill()
    verdict = await asyncio.to_thread(judge, scene)
    assert verdict.ok, "\n".join(verdict.problems)
    assert (verdict.requests, verdict.certificates) == (1, 1)


@EACH
async def test_what_a_killed_replica_held_another_takes_over_within_the_lease(
    scene: Stage, held: Held, report: Callable[[str], None]
) -> None:
    dead = await stops(scene, held, "asked")
    killed, row = time.time(), await row_of(scene, held)
    assert row.lease
    await dead.gone.wait()

    await scene.start()
    async with asyncio.timeout(PATIENCE):
        while (await row_of(scene, held)).lease == row.lease:  # noqa: ASYNC110 - a row rings no bell
            await asyncio.sleep(0.02)
    taken = time.time()

    report(f"{row.key}: taken over {taken - killed:.2f} s after the kill; leases are of {LEASE_SECONDS} s")
    assert row.lease_until <= taken < killed + LEASE_SECONDS + MARGIN_SECONDS
    await goes_well(scene)


@EACH
async def test_what_a_frozen_replica_writes_late_is_refused(scene: Stage, held: Held) -> None:
    """Another process works on it by then: its lease is not lost, and its work is not done twice."""
    late = await stops(scene, held, "frozen")
    before = await row_of(scene, held)
    heir = await stops(scene, held, "frozen")
    taken = await row_of(scene, held)
    assert (taken.key, taken.state) == (before.key, "pending")
    assert taken.lease != before.lease

    os.kill(late.pid, signal.SIGCONT)
    async with asyncio.timeout(PATIENCE):
        await late.passed.wait()
    assert await row_of(scene, held) == taken, "the late one's write, or its lease, was taken"

    os.kill(heir.pid, signal.SIGCONT)
    async with asyncio.timeout(PATIENCE):
        await heir.passed.wait()
    await goes_well(scene)
