"""The line that a soak lays through its samples: what says whether memory grows must itself be right."""

from random import Random

import pytest

from tests.bench.soak import slope


def test_a_line_is_found_again() -> None:
    found = slope([(at, 200 + 3 * at / 3600) for at in range(0, 7200, 30)])
    assert found.per_hour == pytest.approx(3)
    assert found.error == pytest.approx(0, abs=1e-6)


def test_noise_alone_is_flat_within_its_error() -> None:
    dice = Random(1)
    flat = [slope([(at, 200 + dice.gauss(0, 2)) for at in range(0, 3600, 30)]) for _ in range(200)]
    assert sum(abs(each.per_hour) < 2 * each.error for each in flat) > 180


def test_what_grows_in_noise_is_seen() -> None:
    dice = Random(2)
    found = slope([(at, 200 + 10 * at / 3600 + dice.gauss(0, 2)) for at in range(0, 3600, 30)])
    assert found.per_hour > 2 * found.error
