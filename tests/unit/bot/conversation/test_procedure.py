"""The guide's triage, day by day."""

from datetime import date, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.procedure import Procedure, Reason, Rules, State, days_left, procedure, renewal_window

RULES = Rules()
EXPIRY = date(2026, 6, 30)
REASONS = get_args(Reason)
STATES = get_args(State)


def before(days: int) -> date:
    return EXPIRY - timedelta(days=days)


@pytest.mark.parametrize(
    ("reason", "d31", "d30", "d1", "d0", "after"),
    [
        ("lost", "reissue", "reissue", "reissue", "reissue", "new"),
        ("password", "reissue", "reissue", "reissue", "reissue", "new"),
        ("device", "reissue", "reissue", "reissue", "reissue", "new"),
        ("stolen", "reissue", "reissue", "reissue", "reissue", "new"),
        ("damaged", "reissue", "reissue", "reissue", "reissue", "new"),
        ("expiring", "renew", "renew", "renew", "renew", "new"),
        ("unsure", "reissue", "renew", "renew", "renew", "new"),
        ("expired", "reissue", "renew", "renew", "renew", "new"),
    ],
)
def test_a_valid_certificate_around_its_last_days(
    reason: Reason, d31: str, d30: str, d1: str, d0: str, after: str
) -> None:
    days = (before(31), before(30), before(1), before(0), before(-1))
    assert [procedure(reason, "valid", EXPIRY, day, RULES) for day in days] == [d31, d30, d1, d0, after]


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        ("other_bank", {"other_bank"}),
        ("revoked", {"new"}),
        ("none", {"new"}),
        ("expired", {"new"}),
    ],
)
@pytest.mark.parametrize("expiry", [None, EXPIRY, before(400)])
def test_some_states_decide_alone(state: State, expiry: date | None, expected: set[Procedure]) -> None:
    assert {procedure(reason, state, expiry, before(100), RULES) for reason in REASONS} == expected


@pytest.mark.parametrize("expiry", [None, EXPIRY])
def test_a_suspended_certificate_is_restored_unless_it_was_stolen(expiry: date | None) -> None:
    found = {reason: procedure(reason, "suspended", expiry, before(10), RULES) for reason in REASONS}
    assert found.pop("stolen") == "new"
    assert set(found.values()) == {"restore"}


def test_a_suspended_certificate_runs_out_all_the_same() -> None:
    assert procedure("lost", "suspended", EXPIRY, before(-1), RULES) == "new"


def test_what_is_not_known_counts_as_valid() -> None:
    assert procedure("lost", "unknown", None, before(0), RULES) == "reissue"
    assert procedure("lost", "valid", None, before(0), RULES) == "reissue"
    assert procedure("lost", "unknown", EXPIRY, before(1), RULES) == "reissue"
    assert procedure("lost", "unknown", EXPIRY, before(-1), RULES) == "new"
    assert procedure("expired", "unknown", None, before(0), RULES) == "new"


@pytest.mark.parametrize(
    ("expiry", "opens"),
    [
        (date(2026, 6, 30), date(2026, 5, 31)),
        (date(2026, 1, 15), date(2025, 12, 16)),
        (date(2024, 3, 30), date(2024, 2, 29)),
        (date(2025, 3, 30), date(2025, 2, 28)),
        (date(2024, 2, 29), date(2024, 1, 30)),
        (date(2026, 12, 31), date(2026, 12, 1)),
    ],
)
def test_the_renewal_window(expiry: date, opens: date) -> None:
    assert renewal_window(expiry, RULES) == (opens, expiry)
    assert procedure("unsure", "valid", expiry, opens, RULES) == "renew"
    assert procedure("unsure", "valid", expiry, opens - timedelta(days=1), RULES) == "reissue"


def test_the_rules_are_the_banks() -> None:
    rules = Rules(renewal_opens_days=60, renewal_closes_days=1)
    assert renewal_window(EXPIRY, rules) == (before(60), before(1))
    found = [procedure("unsure", "valid", EXPIRY, before(days), rules) for days in (61, 60, 1, 0)]
    assert found == ["reissue", "renew", "renew", "reissue"]


@pytest.mark.parametrize(("today", "left"), [(before(30), 30), (before(0), 0), (before(-1), -1)])
def test_days_left(today: date, left: int) -> None:
    assert days_left(EXPIRY, today) == left


@given(
    st.sampled_from(REASONS),
    st.sampled_from(STATES),
    st.none() | st.dates(date(1990, 1, 1), date(2100, 1, 1)),
    st.dates(date(1990, 1, 1), date(2100, 1, 1)),
)
def test_nothing_that_has_run_out_is_reissued(reason: Reason, state: State, expiry: date | None, today: date) -> None:
    found = procedure(reason, state, expiry, today, RULES)
    assert found in get_args(Procedure)
    if expiry is not None and today > expiry:
        assert found in {"new", "other_bank"}
    if reason in {"lost", "password", "stolen"}:
        assert found != "renew"
