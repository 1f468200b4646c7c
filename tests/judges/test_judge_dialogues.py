"""The stock CMP client loses each answer of each dialogue once: nothing is doubled, and nothing is out of reach."""

from pathlib import Path

import pytest

from tests.judges.dialogues import played

pytestmark = pytest.mark.judge


async def test_every_answer_lost_once(tmp_path: Path) -> None:
    tally = await played(tmp_path, 1)
    assert tally.problems == []
    assert tally.lost == 12
