"""A harness that finds nothing proves nothing: six classic bugs are planted, and each must be found."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.folk import folk
from tests.crash.kill import campaign
from tests.crash.mutants import MUTANTS
from tests.crash.stage import furnish, zygote_for

pytestmark = pytest.mark.crash
MOST_KILLS = 400
BATCH = 25
CUSTOMERS = 56
SEED = 5


async def test_each_planted_bug_is_caught_and_the_house_without_one_is_not(
    tmp_path: Path, report: Callable[[str], None]
) -> None:
    bank = await furnish(tmp_path / "bank", folk(CUSTOMERS))
    missed, longest = [], BATCH
    async with zygote_for(bank) as made:
        for name in MUTANTS:
            tally = await campaign(
                bank, made, tmp_path / name, MOST_KILLS, seed=SEED, mutant=name, batch=BATCH
            )
            found = [*tally.problems, *tally.verdict.problems]
            first = found[0].splitlines()[0] if found else "nothing"
            report(f"{name}: {len(found)} findings within {tally.kills} kills; the first: {first}")
            longest = max(longest, tally.kills)
            if tally.ok:
                missed.append(name)
        control = await campaign(bank, made, tmp_path / "control", longest, seed=SEED, batch=BATCH)
        report(f"without a bug: {control}")

    assert not missed
    assert control.ok, "\n".join([*control.problems, *control.verdict.problems])
