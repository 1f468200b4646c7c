"""After a power cut: what was told to be on disk is there, and nothing is there by half."""

from pathlib import Path

import pytest

from tests.faults.journalled import NAMES
from tests.faults.power import Bench, Verdict, cut
from tests.faults.scenes import house, units
from tests.faults.shim import Recording, Synced
from tests.support.customers import AN, GILDONG
from tests.support.local_telegram import authority_template

CUTS = 120


def cut_of(record: Recording, folder: Path, cuts: int = CUTS) -> Verdict:
    (scratch := folder / "scratch").mkdir(exist_ok=True)
    return cut(record, cuts, 1, Bench(scratch))


def without_folders(record: Recording) -> Recording:
    """The same without what the journal does for its name."""
    kept = [each for each in record.events if not (isinstance(each, Synced) and each.file == NAMES)]
    return Recording(record.folder, record.before, kept)


async def test_units_of_work(tmp_path: Path) -> None:
    verdict = cut_of(await units(tmp_path / "made"), tmp_path)

    assert verdict.problems == []
    assert verdict.kinds["with something unsynced"] > CUTS / 2
    assert verdict.kinds["with the commit that was under way"] > 0


@pytest.mark.parametrize("careless", ["NORMAL", "OFF"])
async def test_less_care_would_be_seen(tmp_path: Path, careless: str) -> None:
    verdict = cut_of(await units(tmp_path / "made", careless), tmp_path, 40)

    assert len(verdict.problems) > 1


async def test_a_whole_house_and_its_two_databases(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    template = authority_template(tmp_path / "template", [GILDONG, AN])
    record = await house(tmp_path / "made", template=template)

    verdict = cut_of(record, tmp_path)

    assert verdict.problems == []
    assert verdict.kinds["with something unsynced"] > CUTS / 2
    assert cut_of(without_folders(record), tmp_path, 30).problems, "a journal without its name would be seen"
    text = f"{verdict.cuts} power cuts in {len(record.events)} writes and syncs: {dict(verdict.kinds)}"
    request.node.add_report_section("call", "measured", text)
