"""A harness that finds nothing proves nothing: classic bugs are planted, and each must be found."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from tests.crash.customers import folk
from tests.crash.environment import Bank, furnish, zygote_for
from tests.crash.mutant_scenarios import CALM, SCENES, played
from tests.crash.mutants import MUTANTS, leaks
from tests.crash.processes import Zygote

pytestmark = [pytest.mark.crash, pytest.mark.asyncio(loop_scope="module")]
FEWEST = 25
#: On a machine that stands still for a second, what should overtake something else may come too late.
TRIES = 3

House = tuple[Bank, Zygote]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[House]:
    bank = await furnish(tmp_path_factory.mktemp("planted") / "bank", folk(1))
    async with zygote_for(bank) as made:
        yield bank, made


async def test_each_planted_bug_is_caught_and_the_house_without_one_is_not(
    house: House, tmp_path: Path, report: Callable[[str], None]
) -> None:
    assert SCENES.keys() == MUTANTS.keys()
    assert len(MUTANTS) >= FEWEST
    scenes = list({id(each): each for each in SCENES.values()}.values())

    with_bugs = [(SCENES[name], name) for name in MUTANTS]
    plays = await played(*house, tmp_path, [*with_bugs, *((each, None) for each in scenes)])

    controls = plays[len(MUTANTS) :]
    missed = [name for name, each in zip(MUTANTS, plays, strict=False) if not each.problems]
    again = list(missed)
    for number in range(TRIES - 1):
        once_more = await played(*house, tmp_path / f"again{number}", [(SCENES[name], name) for name in missed])
        missed = [name for name, each in zip(missed, once_more, strict=True) if not each.problems]
    told_by = {id(scene): name for name, scene in SCENES.items()}
    findings = [
        (told_by[id(scene)], problem) for scene, each in zip(scenes, controls, strict=True) for problem in each.problems
    ]
    report(
        f"bugs planted {len(MUTANTS)}, caught {len(MUTANTS) - len(missed)}, not at once {again}; "
        f"scenes {len(controls)}, findings without a bug {len(findings)}"
    )
    assert not missed
    assert not findings
    assert all(each.reached for each in controls)


async def test_no_planted_bug_shows_while_nothing_goes_wrong(house: House, tmp_path: Path) -> None:
    """A bug that shows without a fault would be found by any test, so it would prove nothing about this harness."""
    names = [name for name in MUTANTS if name not in leaks.MUTANTS]

    plays = await played(*house, tmp_path, [(CALM, name) for name in names])

    assert not [(name, each.problems) for name, each in zip(names, plays, strict=True) if each.problems]
