from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from bot.core.clock import KST, SystemClock, kst_day


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 3, 14, 14, 59, 59, tzinfo=UTC), date(2026, 3, 14)),
        (datetime(2026, 3, 14, 15, 0, 0, tzinfo=UTC), date(2026, 3, 15)),
        (datetime(2025, 12, 31, 15, 0, 0, tzinfo=UTC), date(2026, 1, 1)),
        (datetime(2024, 2, 28, 15, 0, 0, tzinfo=UTC), date(2024, 2, 29)),
        (datetime(2026, 3, 14, 23, 59, 59, tzinfo=KST), date(2026, 3, 14)),
        (datetime(2026, 3, 14, 11, 0, 0, tzinfo=timezone(-timedelta(hours=5))), date(2026, 3, 15)),
        (datetime(1988, 7, 1, 14, 30, tzinfo=UTC), date(1988, 7, 2)),  # summer time was in force
    ],
)
def test_a_day_is_koreas(moment: datetime, day: date) -> None:
    assert kst_day(moment) == day


def test_a_moment_without_a_zone_has_no_day() -> None:
    with pytest.raises(ValueError, match="time zone"):
        kst_day(datetime(2026, 3, 14))  # noqa: DTZ001


def test_the_clock_is_aware() -> None:
    assert SystemClock().now().utcoffset() == timedelta(0)
