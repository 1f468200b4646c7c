"""Be cancelled at every place where a task of the bot waits; behind a webhook, die there, too."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.crash.every_await import survey

pytestmark = pytest.mark.crash
FEWEST_PLACES = 50
#: At the announcement and each time an update is stored; of these, one mode or two in turn.
FEWEST_WEBHOOK_POINTS, SHARE = 20, 2


async def test_a_reissue_survives_the_cancelling_of_any_wait(tmp_path: Path, report: Callable[[str], None]) -> None:
    told = await survey(tmp_path, every=False, modes=("cancelled",))
    report(str(told))

    assert not told.problems, "\n".join(told.problems)
    assert told.places >= FEWEST_PLACES
    assert told.reached >= told.tried * 0.9


async def test_and_behind_a_webhook(tmp_path: Path, report: Callable[[str], None]) -> None:
    told = await survey(tmp_path, every=True, webhook=True, share=SHARE)
    report(str(told))

    assert not told.problems, "\n".join(told.problems)
    assert told.tried >= FEWEST_WEBHOOK_POINTS
    assert told.reached >= told.tried * 0.9
