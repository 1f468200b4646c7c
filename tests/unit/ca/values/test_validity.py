from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ca.profiles.names import NAME_BYTES, fit_name
from ca.values.refusals import CaRefusal
from ca.values.validity import KST, day_of, ends, starts, years_later

MOMENTS = st.datetimes(datetime(2000, 1, 2), datetime(2090, 1, 1))  # noqa: DTZ001 - the zone is drawn too
DAYS = st.dates(date(2000, 1, 1), date(2090, 12, 31))


@given(DAYS)
def test_a_day_ends_at_the_same_utc_time_always(day: date) -> None:
    assert ends(day) == datetime(day.year, day.month, day.day, 14, 59, 59, tzinfo=UTC)
    assert starts(day) == ends(day) - timedelta(hours=23, minutes=59, seconds=59)


@given(MOMENTS, st.integers(-14, 14))
def test_the_day_is_koreas_in_every_zone(moment: datetime, hours: int) -> None:
    there = moment.replace(tzinfo=timezone(timedelta(hours=hours)))
    assert day_of(there) == there.astimezone(KST).date()
    assert starts(there) <= there < starts(there) + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("day", "later"),
    [
        (date(2027, 3, 10), date(2028, 3, 10)),
        (date(2028, 2, 29), date(2029, 2, 28)),
        (date(2027, 2, 28), date(2028, 2, 28)),
        (date(2027, 12, 31), date(2028, 12, 31)),
    ],
)
def test_a_year_is_a_calendar_year(day: date, later: date) -> None:
    assert years_later(day, 1) == later


@given(DAYS, st.integers(1, 20))
def test_years_never_give_a_day_too_many(day: date, years: int) -> None:
    later = years_later(day, years)
    assert later.year == day.year + years
    assert (later.month, later.day) <= (day.month, day.day)


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2027, 3, 10, 14, 59, 59, tzinfo=UTC), date(2027, 3, 10)),
        (datetime(2027, 3, 10, 15, 0, 0, tzinfo=UTC), date(2027, 3, 11)),
    ],
)
def test_the_boundary_of_a_day(moment: datetime, day: date) -> None:
    assert day_of(moment) == day


def test_a_time_without_its_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"):
        starts(datetime(2027, 3, 10))  # noqa: DTZ001 - that is the point


@given(st.text(max_size=30))
@example("0\xa00")
def test_a_name_fits_or_is_refused(name: str) -> None:
    try:
        fit = fit_name(name)
    except CaRefusal:
        return
    assert 0 < len(fit.encode()) <= NAME_BYTES
    assert fit_name(fit) == fit
    assert fit.isprintable()
