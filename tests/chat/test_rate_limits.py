"""Hundreds of messages from one chat: one plain answer, the rest is not processed, and nobody else waits."""

import json
from typing import Any

import pytest

from bot.engine.rate_limiter import RateLimiter, Rates
from bot.identity.limits import Rate
from handlers.telegram.poller import arrival
from tests.support.customers import GILDONG, OPERATORS
from tests.support.local_telegram import Customer, LocalTelegram

FLOOD, SHARE, OWN = 500, 5, 2
LITTLE = Rates(Rate(OWN, 1), Rate(SHARE - OWN, 1))
NOBODY = Rates(own=Rate(1000, 1000), overall=Rate(1, 1))


def update(number: int, chat_id: int, text: str) -> dict[str, Any]:
    person = {
        "id": chat_id,
        "is_bot": False,
        "first_name": "x",
        "language_code": "en" if chat_id == 104 else "ko",
    }
    chat = {"id": chat_id, "type": "private" if chat_id > 0 else "supergroup"}
    body = {"message_id": number, "date": 0, "chat": chat, "from": person, "text": text}
    return {"update_id": 10_000_000 + number, "message": json.loads(json.dumps(body))}


async def arrives(place: LocalTelegram, updates: list[dict[str, Any]]) -> list[tuple[str, int]]:
    """Store all at once, as the poller stores a batch; return which lanes had their turn, and which was limited."""
    desk = place.app.engine.cases
    turns: dict[tuple[str, int, int], None] = {}  # A unit that collides is run again, and is the same turn.

    def noted(name: str) -> Any:
        work = getattr(desk, name)

        def does(tx: Any, waiting: Any, *rest: Any) -> Any:
            turns[name, int(waiting.lane.removeprefix("chat:")), waiting.update_id] = None
            return work(tx, waiting, *rest)

        return does

    with pytest.MonkeyPatch.context() as patch:
        for name in ("receive", "limit_flood"):
            patch.setattr(desk, name, noted(name))
        arrivals = [arrival(each) for each in updates]
        inbox = place.app.shared.queues.inbox
        await place.app.shared.database.unit(lambda tx: inbox.add(tx, arrivals, place.clock.now()))
        await place.quiet()
    return [(name, chat_id) for name, chat_id, _ in turns]


async def test_a_flooding_chat_is_told_once_and_nobody_waits_for_it(
    place: LocalTelegram, gildong: Customer, an: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    pondered: list[str] = []
    monkeypatch.setattr(place.app.engine.cases, "look_up_ahead", pondered.append)
    monkeypatch.setattr(place.app.telegram.processor, "_rate_limiter", RateLimiter(LITTLE))
    flood = [update(number, 101, f"인증서 재발급 {number}") for number in range(FLOOD)]

    turns = await arrives(place, [*flood, update(FLOOD, 104, "/help")])

    assert turns.index(("receive", 104)) <= 2, "the other chat's turn came at once"
    assert [name for name, chat_id in turns if chat_id == 101] == ["receive"] * SHARE + ["limit_flood"]
    assert len(pondered) == SHARE
    assert sum(gildong.pattern("flood.slow").search(text) is not None for text in gildong.texts()) == 1
    await an.sees("help.text")
    assert await place.rows("SELECT COUNT(*) FROM inbox WHERE state <> 'done'") == [(0,)]
    assert not an.shows("flood.slow")


async def test_another_process_knows_what_the_chat_has_used_up(
    place: LocalTelegram, gildong: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    for times in range(2):
        monkeypatch.setattr(place.app.telegram.processor, "_rate_limiter", RateLimiter(LITTLE))
        flood = [update(FLOOD * times + number, 101, f"재발급 {number}") for number in range(FLOOD)]
        turns = await arrives(place, flood)
        assert len(turns) == (OWN if times else SHARE) + 1

    assert sum(gildong.pattern("flood.slow").search(text) is not None for text in gildong.texts()) == 1


async def test_whoever_has_an_application_running_is_served_in_the_crowd(
    place: LocalTelegram, gildong: Customer, an: Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await an.person.starts()
    await an.sees("card.idle")
    await gildong.triage()
    await gildong.sees("reissue.ask.name")
    monkeypatch.setattr(place.app.telegram.processor, "_rate_limiter", RateLimiter(NOBODY, [f"chat:{OPERATORS}"]))
    await arrives(place, [update(1, 555, "?")])

    await an.says("Where is my certificate?")
    await an.says("Hello?")
    await an.sees("flood.crowded")
    await gildong.says(GILDONG.name)
    await gildong.sees("reissue.ask.birth")
    await place.quiet()

    assert sum(an.pattern("flood.crowded").search(text) is not None for text in an.texts()) == 1
    assert not gildong.shows("flood.crowded")


async def test_in_a_group_nobody_is_spoken_to(place: LocalTelegram, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(place.app.telegram.processor, "_rate_limiter", RateLimiter(LITTLE))
    turns = await arrives(place, [update(number, -5005, "x") for number in range(FLOOD)])
    assert turns == [("receive", -5005)] * SHARE + [("limit_flood", -5005)]
    assert await place.rows("SELECT COUNT(*) FROM outbox WHERE lane = 'chat:-5005'") == [(0,)]
