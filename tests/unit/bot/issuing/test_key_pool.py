"""Keys made ahead: each is somebody's once, and nobody waits for one while there are some."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from itertools import count

import pytest

from bot.issuing.key_pool import FIRST_AFTER_S, QUIET_S, KeyPool

AHEAD = 3


class Maker:
    """Numbers its keys."""

    def __init__(self) -> None:
        self.made = 0
        self._numbers = count(1)

    def __call__(self) -> bytes:
        self.made = next(self._numbers)
        return b"key %d" % self.made


async def full(keys: KeyPool) -> None:
    async with asyncio.timeout(5):
        while len(keys._keys) < AHEAD:  # noqa: ASYNC110 - a stock rings no bell when it is full
            await asyncio.sleep(0)


class Time:
    """Passes when somebody sleeps; what was slept is kept."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def __call__(self) -> float:
        return self.now

    async def sleep(self, seconds: float) -> None:
        self.now += seconds
        self.slept.append(seconds)
        await asyncio.sleep(0)


@asynccontextmanager
async def filled(maker: Maker, time: Time) -> AsyncIterator[KeyPool]:
    """A stock whose start is over, with as many as there shall be."""
    keys = KeyPool(AHEAD, maker, time.sleep, time)
    filling = asyncio.create_task(keys.fill())
    try:
        await full(keys)
        yield keys
    finally:
        filling.cancel()
        with suppress(asyncio.CancelledError):
            await filling
        keys.close()


async def test_before_any_is_made_ahead_one_is_made_for_whoever_asks() -> None:
    keys = KeyPool(AHEAD, Maker())
    assert await keys.take() == b"key 1"


async def test_it_begins_when_the_start_is_over_and_stops_at_its_number() -> None:
    maker, time = Maker(), Time()
    async with filled(maker, time):
        for _ in range(10):
            await asyncio.sleep(0)
        assert maker.made == AHEAD
    assert time.slept == [FIRST_AFTER_S]


async def test_none_is_made_ahead_while_others_are_in_need_of_them() -> None:
    time = Time()
    async with filled(Maker(), time) as keys:
        await keys.take()
        time.now += QUIET_S / 2
        await keys.take()
        await full(keys)
    assert time.slept == [FIRST_AFTER_S, QUIET_S]


async def test_each_key_is_given_once_and_another_made_in_its_place() -> None:
    async with filled(Maker(), Time()) as keys:
        taken = [await keys.take() for _ in range(10 * AHEAD)]
        assert len(set(taken)) == len(taken)
        assert taken[:AHEAD] == [b"key 1", b"key 2", b"key 3"]
        await full(keys)


async def test_a_copy_of_the_process_gives_none_of_its_keys_again(monkeypatch: pytest.MonkeyPatch) -> None:
    async with filled(Maker(), Time()) as keys:
        monkeypatch.setattr(os, "getpid", lambda: 0)
        assert await keys.take() not in {b"key 1", b"key 2", b"key 3"}


async def test_a_real_key_is_one() -> None:
    keys = KeyPool()
    assert (await keys.take())[:1] == b"\x30"
