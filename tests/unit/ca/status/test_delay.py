import sqlite3
from dataclasses import replace
from datetime import timedelta

import pytest

from ca import CaRefusal
from tests.support.authority import SETTINGS, SmallAuthority, order


@pytest.fixture
def impatient(small_ca: SmallAuthority) -> SmallAuthority:
    small_ca.settings = replace(SETTINGS, busy_timeout=timedelta(milliseconds=50))
    small_ca.restart()
    return small_ca


def test_a_ledger_that_somebody_keeps_is_not_available_and_then_is(impatient: SmallAuthority) -> None:
    other = sqlite3.connect(impatient.folder / "ca" / "ledger.sqlite3", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(CaRefusal, match="R14 reason=ledger_not_available"):
        impatient.authority.issue(order())
    assert impatient.authority.certificates("C-0001") == ()  # reading goes on
    other.execute("ROLLBACK")
    other.close()
    assert impatient.authority.issue(order()).serial


def test_a_full_disk_is_a_delay_and_leaves_nothing_half_done(impatient: SmallAuthority) -> None:
    connection = impatient.authority._ledger._commits.connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(CaRefusal, match="R14"):
        _issue_many(impatient, 50)
    connection.execute("PRAGMA max_page_count = 1000000")
    assert impatient.authority.verify_audit().ok
    issued = impatient.authority.certificates("C-0001")
    assert impatient.authority.issue(order(f"r{len(issued)}")).serial
    assert impatient.authority.verify_audit().ok


def _issue_many(small_ca: SmallAuthority, count: int) -> None:
    for number in range(count):
        small_ca.authority.issue(order(f"r{number}"))
