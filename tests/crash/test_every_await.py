"""Die at every place where a task of the bot waits: when it begins to wait, and when the result is there."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.every_await import survey

pytestmark = pytest.mark.crash
FEWEST_PLACES = 50


async def test_a_reissue_survives_the_end_of_any_wait(tmp_path: Path, report: Callable[[str], None]) -> None:
    told = await survey(tmp_path, every=False, modes=("asked", "answered"))
    report(str(told))

    assert not told.problems, "\n".join(told.problems)
    assert told.places >= FEWEST_PLACES
    assert told.reached >= told.tried * 0.9
