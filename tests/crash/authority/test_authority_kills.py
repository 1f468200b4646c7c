"""Random kills under load: no certificate is lost, and no holder gets two."""

from collections.abc import Callable

import pytest

from tests.crash.authority.run import harness

pytestmark = pytest.mark.crash


def test_two_processes_killed_again_and_again_lose_and_double_nothing(report: Callable[[str], None]) -> None:
    ended = harness("--kills", "60")
    assert ended.returncode == 0, ended.stderr
    assert "doubled 0, lost 0" in ended.stdout
    report(ended.stdout)


@pytest.mark.parametrize("mutant", ["stored_first", "signed_first"])
def test_random_kills_find_bugs_too(mutant: str) -> None:
    assert harness("--kills", "100", "--mutant", mutant).returncode == 1
