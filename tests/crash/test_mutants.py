"""A harness that finds nothing proves nothing: six classic bugs are planted, and each must be found."""

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.folk import folk
from tests.crash.kill import campaign
from tests.crash.mutants import MUTANTS
from tests.crash.stage import furnish, zygote_for
from tests.crash.tally import Tally

pytestmark = pytest.mark.crash
MOST_KILLS = 400
BATCH = 25
CUSTOMERS = 56
SEED = 5
AT_ONCE = 3


async def test_each_planted_bug_is_caught_and_the_house_without_one_is_not(
    tmp_path: Path, report: Callable[[str], None]
) -> None:
    bank = await furnish(tmp_path / "bank", folk(CUSTOMERS))
    async with zygote_for(bank) as made:
        # Side by side: most of the time each waits for what its bug keeps from coming.
        turns = asyncio.Semaphore(AT_ONCE)

        async def planted(name: str) -> Tally:
            async with turns:
                return await campaign(
                    bank, made, tmp_path / name, MOST_KILLS, seed=SEED, mutant=name, batch=BATCH
                )

        tallies = dict(zip(MUTANTS, await asyncio.gather(*map(planted, MUTANTS)), strict=True))
        for name, tally in tallies.items():
            found = [*tally.problems, *tally.verdict.problems]
            first = found[0].splitlines()[0] if found else "nothing"
            report(f"{name}: {len(found)} findings within {tally.kills} kills; the first: {first}")
        missed = [name for name, tally in tallies.items() if tally.ok]
        longest = max(BATCH, *(tally.kills for tally in tallies.values()))
        control = await campaign(bank, made, tmp_path / "control", longest, seed=SEED, batch=BATCH)
        report(f"without a bug: {control}")

    assert not missed
    assert control.ok, "\n".join([*control.problems, *control.verdict.problems])
