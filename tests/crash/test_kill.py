"""Kills at random moments: a backlog, duplicates, overtaking updates, 5 % faults, two processes on one database."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.kill import run

pytestmark = pytest.mark.crash
#: What fits into about two minutes on two cores; a thousand and more by `python -m tests.crash.kill --kills 1000`.
KILLS = 150
SEED = 20


async def test_nothing_is_lost_doubled_or_left_untold(tmp_path: Path, report: Callable[[str], None]) -> None:
    tally = await run(tmp_path, KILLS, SEED)
    report(str(tally))

    assert tally.ok, "\n".join([*tally.problems, *tally.verdict.problems])
    assert tally.kills >= KILLS
    assert tally.verdict.requests > 0
    assert tally.verdict.requests == tally.verdict.certificates
