"""The line that the soak test fits to its samples, which says whether memory grows."""

from random import Random

import pytest

from tests.bench.soak import slope


def test_the_slope_of_a_straight_line_is_exact() -> None:
    found = slope([(at, 200 + 3 * at / 3600) for at in range(0, 7200, 30)])
    assert found.per_hour == pytest.approx(3)
    assert found.error == pytest.approx(0, abs=1e-6)


def test_noise_alone_has_no_slope_within_its_error() -> None:
    generator = Random(1)
    flat = [slope([(at, 200 + generator.gauss(0, 2)) for at in range(0, 3600, 30)]) for _ in range(200)]
    assert sum(abs(each.per_hour) < 2 * each.error for each in flat) > 180


def test_growth_with_noise_is_found() -> None:
    generator = Random(2)
    found = slope([(at, 200 + 10 * at / 3600 + generator.gauss(0, 2)) for at in range(0, 3600, 30)])
    assert found.per_hour > 2 * found.error
