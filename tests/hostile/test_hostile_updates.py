"""The small run of the hostile updates, proof that it would see a fault, and the faults that the long run has found."""

import json
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.conversation.case import Case, Phase
from bot.conversation.events import Said, Tapped
from handlers.telegram import webhook
from tests.hostile.updates import campaign
from tests.hostile.updates_checks import Watch, flaws
from tests.hostile.updates_setup import SECRET, Line, Plan, letters_alone
from tests.hostile.updates_shapes import KINDS, MARK, Shapes
from tests.support.authority_server import free_port
from tests.support.conversation import NOON, Talk, at
from tests.support.customers import GILDONG, persona
from tests.support.local_telegram import Customer, LocalTelegram, authority_template, local_telegram

SMALL = Plan(3_000, seed=7, chats=40, customers=10, honest=2)


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authority_template(tmp_path_factory.mktemp("authority"))


@pytest.fixture(autouse=True)
def without_the_model() -> Iterator[None]:
    with letters_alone(alone=True):
        yield


def quietly(_line: str) -> None:
    return


async def test_nothing_is_unhandled_nobody_stuck_and_nothing_issued_that_nobody_asked_for(
    template: Path, tmp_path: Path
) -> None:
    it = await campaign(SMALL, tmp_path, quietly, template)
    assert not it.watch.findings, "\n".join(map(str, it.watch.findings))
    assert it.watch.parked["Malformed"] > 50
    assert set(it.statuses) == {200, 400, 413}
    assert it.issued >= SMALL.honest
    assert {Phase.PROVING, Phase.DECIDING, Phase.ENROLLED, Phase.CANCELLED, Phase.CLOSED} <= set(it.watch.phases)


async def test_nor_where_a_server_keeps_the_desk(template: Path, tmp_path: Path) -> None:
    it = await campaign(replace(SMALL, count=300, chats=20, honest=1, engine="postgres"), tmp_path, quietly, template)
    assert not it.watch.findings, "\n".join(map(str, it.watch.findings))


async def test_a_fault_at_the_door_would_be_found(
    template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(webhook, "UNREADABLE", (ValueError, KeyError))
    it = await campaign(replace(SMALL, seed=8), tmp_path, quietly, template)
    assert {"answer", "error in the log"} <= {each.what for each in it.watch.findings}
    assert it.sent < SMALL.count
    assert all(each.story for each in it.watch.findings if each.what == "answer")


# --- that each kind of fault would be seen ---


@pytest.fixture
def watch() -> Watch:
    return Watch()


def found(watch: Watch) -> set[str]:
    return {each.what for each in watch.findings}


def test_a_step_without_an_arrow_would_be_seen() -> None:
    asking, rules = at(Phase.ASKING).case, Talk().rules

    def wrong(after: Case, event: object = Tapped("submit", 0)) -> list[str]:
        return list(flaws(asking, event, after, NOON, rules))  # type: ignore[arg-type]

    assert not wrong(asking)
    assert "no such arrow" in wrong(replace(asking, phase=Phase.ISSUED))
    assert "issued without a certificate" in wrong(replace(asking, phase=Phase.ISSUED))
    assert "enrolled without a decision" in wrong(replace(asking, phase=Phase.ENROLLED))
    assert "no proof, or no decision" in wrong(replace(asking, phase=Phase.ENROLLED))
    assert "submitted without all that it takes" in wrong(replace(asking, phase=Phase.DECIDING))
    assert "the revision jumps" in wrong(replace(asking, revision=asking.revision + 2))
    proven = at(Phase.DECIDING).case.proof
    assert "proven without a code" in wrong(replace(asking, proof=proven), Said("123456"))
    deciding = at(Phase.DECIDING).case
    back = replace(asking, revision=deciding.revision)
    assert list(flaws(deciding, Tapped("x", 0), back, NOON, rules)) == ["no such arrow"]


def test_the_straight_way_has_no_flaw() -> None:
    for phase in (Phase.DECIDING, Phase.ISSUED, Phase.CLOSED, Phase.CANCELLED):
        case = at(phase).case
        assert not list(flaws(case, Tapped("x", 0), case, NOON, Talk().rules))


def test_what_went_wrong_in_the_log_would_be_seen(watch: Watch) -> None:
    def said(level: int, text: str, **extra: object) -> None:
        watch.handle(logging.makeLogRecord({"levelno": level, "levelname": "X", "name": "x", "msg": text, **extra}))

    said(logging.ERROR, "update parked", why="Malformed")
    said(logging.WARNING, "a flood")
    assert not watch.findings
    said(logging.ERROR, "update parked", why="OverflowError")
    said(logging.ERROR, "task died")
    said(logging.WARNING, "a flood", word=f"{MARK}5")
    assert [each.what for each in watch.findings] == ["parked", "error in the log", "content in the log"]


def test_an_echo_an_answer_and_a_wrong_order_would_be_seen(watch: Watch) -> None:
    def shown(text: str, **more: object) -> None:
        message = {"message_id": 1, "from": {"is_bot": True}, "text": text, **more}
        watch.looks({"type": "message", "chat": 5, "message": message})

    shown("well")
    for number in (7, 8):
        watch.sends(5, number, b"", sound=True)
    for number in (7, 8, 99):
        watch.in_order("chat:5", number)
    watch.answered(400, 5, b"", sound=False)
    assert not watch.findings
    shown(f"you said {MARK}")
    assert found(watch) == {"echo"}
    shown("here", entities=[{"type": "text_link", "offset": 0, "length": 4}])
    watch.in_order("chat:5", 7)
    watch.answered(400, 5, b"", sound=True)
    watch.answered(500, 5, b"", sound=False)
    assert found(watch) == {"echo", "a link that is not ours", "order", "answer"}


def test_each_kind_can_be_written_and_read() -> None:
    import random  # noqa: PLC0415

    shapes = Shapes(random.Random(1), [5, 6])
    for name, kind in KINDS.items():
        for _ in range(50):
            assert json.loads(json.dumps(kind(shapes))) is not None, name


# --- what the long run has found ---


def hooks() -> dict[str, str]:
    address = f"127.0.0.1:{free_port()}"
    return {"LISTEN": address, "WEBHOOK_URL": f"http://{address}/telegram", "WEBHOOK_SECRET": SECRET}


@pytest.fixture
async def hooked(template: Path, tmp_path: Path) -> AsyncIterator[LocalTelegram]:
    people, none = [persona(GILDONG, 101)], {GILDONG.customer_id: None}
    async with local_telegram(template, tmp_path / "data", [GILDONG], people, None, none, **hooks()) as made:
        yield made


async def posted(place: LocalTelegram, *bodies: bytes) -> list[int]:
    line = Line(place.settings.webhook.url)
    try:
        return [await line.post(each) for each in bodies]
    finally:
        await line.close()


def told_of_no_error(caplog: pytest.LogCaptureFixture) -> bool:
    bad = [each for each in caplog.records if each.levelno >= logging.ERROR]
    return not [each for each in bad if each.getMessage() != "update parked"]


async def test_what_is_no_update_is_refused_once(hooked: LocalTelegram, caplog: pytest.LogCaptureFixture) -> None:
    """Anything but 400 has the messenger send it again and again."""
    bodies = [
        b'{"update_id":1e999}',
        b'{"update_id":NaN}',
        b"[]",
        b"[" * 50_000,
        b'{"update_id":9223372036854775808}',
    ]
    assert set(await posted(hooked, *bodies)) == {400}
    assert told_of_no_error(caplog)


async def test_a_taps_id_and_a_query_of_no_sense_are_taken(
    hooked: LocalTelegram, caplog: pytest.LogCaptureFixture
) -> None:
    tap = b'{"update_id":1,"callback_query":{"id":"\\ud800","from":{"id":101},"data":"x"}}'
    query = b'{"update_id":2,"inline_query":{"id":"q","from":{"id":%s},"query":%s,"offset":%s}}'
    parts = [
        (b"[]", b'"x"', b'""'),
        (b'"\\ud800"', b'"x"', b'""'),
        (b"101", b"5", b'""'),
        (b"101", b'"x"', b"0"),
    ]
    endless = query % (b"101", b'"x"', b'"%s"' % (b"9" * 5_000))
    assert set(await posted(hooked, tap, *(query % each for each in parts), endless)) == {200}
    await hooked.quiet()
    assert told_of_no_error(caplog)


IN_CHAT = b'{"update_id":%d,"message":{"message_id":%s,"chat":{"id":%s,"type":"private"},"text":%s}}'


async def test_what_cannot_be_read_is_parked_at_once_and_its_chat_goes_on(
    hooked: LocalTelegram, caplog: pytest.LogCaptureFixture
) -> None:
    """A number beyond those of any database, a truth value for a chat, two kinds at once: nobody waits behind them."""
    hooked.clock.stands_at = hooked.clock.now()  # so that nothing is tried again meanwhile
    both = b'{"update_id":9,"message":%s,"callback_query":{"id":"1","from":{"id":7},"message":%s,"data":"x"}}'
    message = b'{"message_id":1,"chat":{"id":%d,"type":"private"},"text":"x"}'
    torn = [
        IN_CHAT % (1, b"5", b"true", b'"x"'),
        IN_CHAT % (2, b"5", b"1" + b"0" * 30, b'"x"'),
        IN_CHAT % (3, b"1" + b"0" * 30, b"101", b'"x"'),
        IN_CHAT % (4, b"5", b"101", b"0.5"),
        IN_CHAT % (5, b"5", b"101", b'"\\ud800"'),
        both % (message % 101, message % 7),
    ]
    assert set(await posted(hooked, *torn)) == {200}
    gildong = Customer(hooked.messenger.person(101), hooked.messenger, "ko", GILDONG)
    await gildong.person.starts()
    await gildong.sees("card.idle")
    await hooked.quiet()
    assert await hooked.rows("SELECT state, COUNT(*) FROM inbox GROUP BY state ORDER BY state") == [
        ("done", 1),
        ("parked", len(torn)),
    ]
    assert told_of_no_error(caplog)


async def test_one_without_an_id_does_not_hold_up_those_polled_with_it(template: Path, tmp_path: Path) -> None:
    people, none = [persona(GILDONG, 101)], {GILDONG.customer_id: None}
    async with local_telegram(template, tmp_path / "data", [GILDONG], people, None, none) as place:
        gildong = Customer(place.messenger.person(101), place.messenger, "ko", GILDONG)
        place.messenger.push_update({"update_id": -5, "message": {"message_id": 1}})
        await gildong.person.starts()
        await gildong.sees("card.idle")
        await place.later(timedelta(seconds=30))
