"""Die, and separately be cancelled, at every place where a task of the house waits."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.every import survey

pytestmark = pytest.mark.crash
FEWEST_PLACES = 50
FEWEST_WEBHOOK_PLACES = 2
WEBHOOK_PORTS = 21_300


async def test_a_reissue_survives_the_end_of_any_wait(tmp_path: Path, report: Callable[[str], None]) -> None:
    told = await survey(tmp_path, every=False)
    report(str(told))

    assert not told.problems, "\n".join(told.problems)
    assert told.places >= FEWEST_PLACES
    assert told.reached >= told.tried * 0.9


async def test_and_behind_a_webhook(tmp_path: Path, report: Callable[[str], None]) -> None:
    told = await survey(tmp_path, every=False, webhook=WEBHOOK_PORTS)
    report(str(told))

    assert not told.problems, "\n".join(told.problems)
    assert told.tried >= FEWEST_WEBHOOK_PLACES
    assert told.reached >= told.tried * 0.9
