"""Injected faults and rate limits."""

from datetime import timedelta

import pytest
from telegram.error import NetworkError, RetryAfter, TimedOut

from handlers.local import Faults, Limits
from tests.contract.local.scene import ANH, GROUP, JIHYE, OpenScene, Scene


def said(scene: Scene) -> list[str]:
    return [each.text for each in scene.jihye.messages if each.from_bot]


async def test_a_502_comes_before_the_call_is_performed(scene: Scene) -> None:
    scene.messenger.faults.refuse = 1.0
    with pytest.raises(NetworkError, match=r"Bad Gateway"):
        await scene.bot.send_message(JIHYE.user_id, "x")
    assert said(scene) == []
    scene.messenger.faults.clear()
    await scene.bot.send_message(JIHYE.user_id, "x")
    assert said(scene) == ["x"]
    assert scene.messenger.stats.faults == {"refuse": 1}


async def test_a_reply_is_lost_after_the_call_is_performed(scene: Scene) -> None:
    scene.messenger.faults.lose = 1.0
    with pytest.raises(NetworkError, match=r"httpx\.(RemoteProtocolError|ReadError)"):
        await scene.bot.send_message(JIHYE.user_id, "x")
    assert said(scene) == ["x"]
    scene.messenger.faults.lose = 0.0
    await scene.bot.send_message(JIHYE.user_id, "x")
    assert scene.messenger.stats.repeats == 1


async def test_a_reset_comes_before_the_call_is_performed(scene: Scene) -> None:
    scene.messenger.faults.reset = 1.0
    with pytest.raises(NetworkError, match=r"httpx\.(RemoteProtocolError|ReadError)"):
        await scene.bot.send_message(JIHYE.user_id, "x")
    assert said(scene) == []
    scene.messenger.faults.reset = 0.0
    await scene.bot.send_message(JIHYE.user_id, "x")


async def test_a_slow_server_times_out(open_scene: OpenScene) -> None:
    scene = await open_scene(read_timeout=0.2)
    scene.messenger.faults.slow_ms = 400
    with pytest.raises(TimedOut):
        await scene.bot.send_message(JIHYE.user_id, "x")
    scene.messenger.faults.slow_ms = 0
    await scene.bot.send_message(JIHYE.user_id, "y")
    await scene.jihye.until(lambda person: len(person.messages) == 2)  # the slow call was performed


async def test_a_429_has_its_retry_time(scene: Scene) -> None:
    scene.messenger.faults.storm = 1.0
    scene.messenger.faults.storm_seconds = 7
    with pytest.raises(RetryAfter) as refused:
        await scene.bot.send_message(JIHYE.user_id, "x")
    assert refused.value.retry_after == timedelta(seconds=7)
    scene.messenger.faults.methods = frozenset({"getMe"})
    await scene.bot.send_message(JIHYE.user_id, "x")


async def test_the_same_seed_draws_the_same_faults(open_scene: OpenScene) -> None:
    played = []
    for _ in range(2):
        scene = await open_scene(Limits(throttled=False), seed=5)
        scene.messenger.faults.refuse = 0.5
        results = []
        for number in range(20):
            try:
                await scene.bot.send_message(JIHYE.user_id, str(number))
            except NetworkError:
                results.append(number)
        played.append(results)
    assert played[0] == played[1]
    assert 0 < len(played[0]) < 20


async def test_duplicates_come_at_once_or_later(scene: Scene) -> None:
    scene.messenger.faults.duplicate = 1.0
    for text in "abcdefgh":
        await scene.jihye.says(text)
    updates = await scene.bot.get_updates()
    late = await scene.bot.get_updates(offset=updates[-1].update_id + 1)
    assert len(updates) + len(late) == 16
    assert len({each.update_id for each in updates}) == 8


async def test_overtaken_updates_come_after_later_ones(scene: Scene) -> None:
    scene.messenger.faults.reorder = 1.0
    await scene.jihye.says("first")
    await scene.jihye.says("second")
    updates = await scene.bot.get_updates()
    assert [each.message.text for each in updates if each.message] == ["second", "first"]
    assert updates[0].update_id < updates[1].update_id
    await scene.jihye.says("alone")  # nothing overtakes it: a timer releases it
    (alone,) = await scene.bot.get_updates(offset=updates[-1].update_id + 1, timeout=3)
    assert alone.message is not None
    assert alone.message.text == "alone"


async def test_a_chat_accepts_one_message_per_second(open_scene: OpenScene) -> None:
    scene = await open_scene(Limits(chat_burst=3))
    for number in range(3):
        await scene.bot.send_message(JIHYE.user_id, str(number))
    with pytest.raises(RetryAfter, match=r"Retry in 0:00:01"):
        await scene.bot.send_message(JIHYE.user_id, "x")
    await scene.bot.send_message(ANH.user_id, "other chats are not limited")
    scene.clock.time += 1
    await scene.bot.send_message(JIHYE.user_id, "x")
    assert scene.messenger.stats.refused[429] == 1


async def test_all_chats_together_accept_thirty_per_second(open_scene: OpenScene) -> None:
    scene = await open_scene(Limits(chat_burst=100, overall_burst=5))
    for number in range(5):
        await scene.bot.send_message(JIHYE.user_id, str(number))
    with pytest.raises(RetryAfter):
        await scene.bot.send_message(ANH.user_id, "x")
    scene.clock.time += 1 / 30
    await scene.bot.send_message(ANH.user_id, "x")


async def test_a_group_accepts_twenty_per_minute(open_scene: OpenScene) -> None:
    scene = await open_scene(Limits(group_burst=1))
    await scene.bot.send_message(GROUP, "a")
    with pytest.raises(RetryAfter, match=r"Retry in 0:00:03"):
        await scene.bot.send_message(GROUP, "b")


async def test_benchmarks_have_no_rate_limits(open_scene: OpenScene) -> None:
    scene = await open_scene(Limits(throttled=False, chat_burst=1))
    for number in range(5):
        await scene.bot.send_message(JIHYE.user_id, str(number))
    assert len(said(scene)) == 5


def test_faults_are_set_by_name() -> None:
    faults = Faults()
    faults.set("refuse", 0.25)
    faults.set("slow_ms", "300")
    faults.set("sms", "down")
    assert (faults.refuse, faults.slow_ms, faults.sms) == (0.25, 300, "down")
    for name, value in (("sms", "sunny"), ("methods", 1), ("refuse", "x")):
        with pytest.raises(ValueError):  # noqa: PT011
            faults.set(name, value)
    faults.clear()
    assert faults == Faults()
