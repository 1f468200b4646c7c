"""kill -9 between every two steps of the authority: a restart finishes the operation, and repeating it is harmless."""

from collections.abc import Callable

import pytest

from tests.crash.authority.run import harness

pytestmark = pytest.mark.crash

#: For each bug, an operation that shows it, and words of the problem that is reported.
FOUND = {
    "revoked_first": ("reissue", "the holder's are ('revoked',)"),
    "stored_first": ("reissue", "has 2 live certificates"),
    "fresh_serial": ("issue", "restarted: a signature without its record"),
    "signed_first": ("issue", "left: a signature without its record"),
    "audit_apart": ("update", "restarted: the audit"),
    "act_apart": ("revoke", "asked again it refuses with R06"),
    "left_lying": ("issue", "an intent is left unfinished"),
    "unrecorded_list": ("crl", "a signature without its record: list"),
}


@pytest.mark.parametrize("acts", [("issue",), ("reissue",), ("revoke", "hold", "release"), ("crl",)])
def test_an_act_whose_process_dies_anywhere_is_done_once(acts: tuple[str, ...], report: Callable[[str], None]) -> None:
    ended = harness("--every", *acts, "--writes", "--once")
    assert ended.returncode == 0, ended.stderr
    report(ended.stdout)


def test_a_restart_may_die_anywhere_too(report: Callable[[str], None]) -> None:
    ended = harness("--every", "update", "--writes")
    assert ended.returncode == 0, ended.stderr
    report(ended.stdout)


@pytest.mark.parametrize("mutant", FOUND)
def test_each_classic_bug_is_found(mutant: str) -> None:
    act, words = FOUND[mutant]
    ended = harness("--every", act, "--writes", "--once", "--mutant", mutant)
    assert ended.returncode == 1, ended.stdout
    assert words in ended.stderr
