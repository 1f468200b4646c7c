"""Limits: so many tries, then pauses that double up to the longest, and end: nobody is locked out for good."""

import sqlite3
from datetime import datetime, timedelta

import pytest

from bot.identity.limits import Limit, Limits
from bot.storage.database import Transaction
from ca.ledger.vault import Vault
from tests.support.conversation import NOON

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
LIMIT = Limit(tries=3, window=10 * MINUTE, pause=5 * MINUTE, longest=HOUR)


@pytest.fixture
def limits(vault: Vault) -> Limits:
    return Limits(vault)


def used_up(limits: Limits, tx: Transaction, now: datetime) -> datetime:
    for _ in range(LIMIT.tries):
        assert limits.take(tx, "k", LIMIT, now) is None
    until = limits.take(tx, "k", LIMIT, now)
    assert until
    return until


def test_the_try_after_the_last_one_waits(tx: Transaction, limits: Limits) -> None:
    assert used_up(limits, tx, NOON) == NOON + LIMIT.pause


def test_trying_in_the_pause_does_not_lengthen_it(tx: Transaction, limits: Limits) -> None:
    until = used_up(limits, tx, NOON)
    for seconds in range(0, 300, 30):
        assert limits.take(tx, "k", LIMIT, NOON + timedelta(seconds=seconds)) == until
    assert limits.take(tx, "k", LIMIT, until) is None


def test_pauses_double_up_to_the_longest(tx: Transaction, limits: Limits) -> None:
    now, pauses = NOON, []
    for _ in range(7):
        until = used_up(limits, tx, now)
        pauses.append((until - now) // MINUTE)
        now = until
    assert pauses == [5, 10, 20, 40, 60, 60, 60]


def test_after_a_quiet_time_pauses_are_short_again(tx: Transaction, limits: Limits) -> None:
    first = used_up(limits, tx, NOON)
    second = used_up(limits, tx, first)
    later = second + LIMIT.longest + MINUTE
    assert used_up(limits, tx, later) == later + LIMIT.pause


def test_who_waits_for_the_window_only_is_still_remembered(tx: Transaction, limits: Limits) -> None:
    first = used_up(limits, tx, NOON)
    later = first + LIMIT.window + MINUTE
    assert used_up(limits, tx, later) == later + 2 * LIMIT.pause


def test_tries_outside_the_window_do_not_add_up(tx: Transaction, limits: Limits) -> None:
    for step in range(12):
        assert limits.take(tx, "k", LIMIT, NOON + step * 6 * MINUTE) is None


def test_one_key_does_not_use_up_another(tx: Transaction, limits: Limits) -> None:
    used_up(limits, tx, NOON)
    assert limits.take(tx, "other", LIMIT, NOON) is None


def test_who_is_counted_is_not_to_be_read(tx: Transaction, limits: Limits, connection: sqlite3.Connection) -> None:
    limits.take(tx, "phone:01023456789", LIMIT, NOON)
    assert b"01023456789" not in connection.serialize()


def test_the_time_is_told_in_the_zone_of_the_question(tx: Transaction, limits: Limits) -> None:
    assert used_up(limits, tx, NOON).tzinfo is NOON.tzinfo
