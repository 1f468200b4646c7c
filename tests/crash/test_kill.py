"""Kills at random moments: a backlog, duplicates, updates out of order, 5 % faults, several processes on one
database.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crash.campaign import Trouble
from tests.crash.counts import Tally
from tests.crash.kill import run
from tests.support.postgres_server import Server, place, running

pytestmark = pytest.mark.crash
#: What fits into two minutes; a thousand and more by `python -m tests.crash.kill --kills 1000`.
KILLS = 150
#: `--engine postgres --replicas 3 --kills 1000 --server-stops 20`
KILLS_ON_A_SERVER, SERVER_STOPS, REPLICAS = 40, 2, 3
#: `--jumps`
KILLS_WITH_JUMPS = 12
CROWD = 8
SEED = 20


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with place() as folder, running(folder) as made:
        yield made


def is_well(tally: Tally, kills: int) -> None:
    assert tally.ok, "\n".join([*tally.problems, *tally.verdict.problems])
    assert tally.kills >= kills
    assert tally.verdict.requests > 0
    assert tally.verdict.requests == tally.verdict.certificates


async def test_nothing_is_lost_doubled_or_left_untold(tmp_path: Path, report: Callable[[str], None]) -> None:
    tally = await run(tmp_path, KILLS, SEED)
    report(str(tally))

    is_well(tally, KILLS)


async def test_nor_among_replicas_whose_server_is_stopped_hard(
    tmp_path: Path, server: Server, report: Callable[[str], None]
) -> None:
    trouble = Trouble(server_stops=SERVER_STOPS, crowd=CROWD)
    tally = await run(tmp_path, KILLS_ON_A_SERVER, SEED, server=server, replicas=REPLICAS, trouble=trouble)
    report(str(tally))

    is_well(tally, KILLS_ON_A_SERVER)
    assert len(tally.recoveries) == SERVER_STOPS


@pytest.mark.parametrize("engine", ["sqlite", "postgres"])
async def test_nor_where_a_clock_jumps_an_hour_and_is_right_again(
    tmp_path: Path, server: Server, engine: str, report: Callable[[str], None]
) -> None:
    """Nobody waits for the hour to pass: at the end all clocks are right, and all work must end."""
    tally = await run(
        tmp_path,
        KILLS_WITH_JUMPS,
        SEED,
        server=server if engine == "postgres" else None,
        trouble=Trouble(jumps=True, crowd=CROWD),
    )
    report(str(tally))

    is_well(tally, KILLS_WITH_JUMPS)
    assert tally.jumps > 0
