"""Messages leave once a cause, in order per lane, one sender at a time; what a late sender says is refused."""

import sqlite3
from datetime import date, timedelta

import pytest

from bot.core.wakeup import Wakeup
from bot.messages.outgoing import (
    Card,
    DeleteMessage,
    Mail,
    Message,
    RelayText,
    SendFile,
    SendScreen,
    Sms,
    chat_lane,
)
from bot.messages.screen import Day, Hour, Line, Marked, Moment, Screen, Word, button
from bot.queues.outbox import Outbox
from bot.storage.database import Transaction
from ca.ledger.vault import Vault
from tests.support.conversation import NOON

LEASE = timedelta(seconds=30)
SECOND = timedelta(seconds=1)


@pytest.fixture
def outbox(vault: Vault) -> Outbox:
    return Outbox(vault, Wakeup(), LEASE)


def put(outbox: Outbox, tx: Transaction, *keys: str, lane: str = "chat:1") -> None:
    for key in keys:
        outbox.add(tx, key, lane, DeleteMessage(len(key)), NOON)


PARAMS = {
    "word": Word("phase.idle"),
    "day": Day(date(2026, 11, 23)),
    "moment": Moment(NOON),
    "hour": Hour(NOON),
    "marked": Marked("**굵게**"),
    "text": "홍*동",
    "number": 3,
}
MESSAGES: list[Message] = [
    Card(Screen((Line("card.idle", PARAMS),), ((button("button.start", "start"),),), 7), fresh=True),
    Card(Screen((Line("card.idle"),), keyboard="contact"), fresh=False),
    SendScreen(Screen((Line("help.text"),)), 42),
    RelayText(Line("staff.answer", {"text": "안녕하세요"})),
    DeleteMessage(12),
    SendFile("c0ffee-1", "npki.zip"),
    Sms("01023456789", Line("sms.code", {"code": "482913"}), "ko"),
    Mail("a@b.example", Line("mail.code.subject"), (Line("mail.code", {"code": "482913"}),), "en"),
]


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: type(message).__name__)
def test_every_message_comes_out_as_it_went_in(tx: Transaction, outbox: Outbox, message: Message) -> None:
    outbox.add(tx, "k", chat_lane(1), message, NOON)
    (claimed,) = outbox.claim(tx, NOON, 10)
    assert claimed.message == message
    assert (claimed.key, claimed.lane, claimed.attempts) == ("k", "chat:1", 1)


def test_one_cause_is_sent_once(tx: Transaction, outbox: Outbox) -> None:
    put(outbox, tx, "u7.0", "u7.0")
    (claimed,) = outbox.claim(tx, NOON, 10)
    assert outbox.sent(tx, claimed, NOON)
    put(outbox, tx, "u7.0")
    assert outbox.claim(tx, NOON, 10) == []


def test_a_lane_is_sent_in_order_and_lanes_side_by_side(tx: Transaction, outbox: Outbox) -> None:
    put(outbox, tx, "a", "b")
    put(outbox, tx, "c", lane="chat:2")
    first, other = outbox.claim(tx, NOON, 10)
    assert (first.key, other.key) == ("a", "c")
    assert outbox.claim(tx, NOON, 10) == [], "the rest of a lane waits behind its head"
    assert outbox.claim_next(tx, "chat:1", NOON) is None
    assert outbox.sent(tx, first, NOON)
    following = outbox.claim_next(tx, "chat:1", NOON)
    assert following
    assert following.key == "b"


def test_what_is_put_off_holds_its_lane_up_and_no_other(tx: Transaction, outbox: Outbox) -> None:
    put(outbox, tx, "a", "b")
    put(outbox, tx, "c", lane="sms:1")
    first, _ = outbox.claim(tx, NOON, 10)
    outbox.later(tx, first, NOON + SECOND, "Busy", NOON)
    assert outbox.claim(tx, NOON, 10) == []
    (again,) = outbox.claim(tx, NOON + SECOND, 10)
    assert (again.key, again.attempts) == ("a", 2)


def test_a_dead_senders_message_is_taken_over_when_its_lease_ends(tx: Transaction, outbox: Outbox) -> None:
    put(outbox, tx, "a")
    (dead,) = outbox.claim(tx, NOON, 10)
    assert outbox.claim(tx, NOON + LEASE - SECOND, 10) == []
    (heir,) = outbox.claim(tx, NOON + LEASE, 10)
    assert (heir.key, heir.attempts) == ("a", 1)  # to be cut off is no failure, and no reason to wait longer
    assert heir.lease != dead.lease


def test_a_late_sender_changes_nothing(tx: Transaction, outbox: Outbox) -> None:
    put(outbox, tx, "a", "b")
    (late,) = outbox.claim(tx, NOON, 10)
    (heir,) = outbox.claim(tx, NOON + LEASE, 10)
    outbox.later(tx, late, NOON + timedelta(days=9), "Down", NOON)
    outbox.dead(tx, late, "given up", NOON)
    assert not outbox.sent(tx, late, NOON)
    assert outbox.sent(tx, heir, NOON)
    assert not outbox.sent(tx, heir, NOON), "sent is sent"


def test_what_nobody_takes_is_given_up_and_the_lane_goes_on(tx: Transaction, outbox: Outbox) -> None:
    put(outbox, tx, "a", "b")
    (first,) = outbox.claim(tx, NOON, 10)
    outbox.dead(tx, first, "refused: http_400", NOON)
    assert [claimed.key for claimed in outbox.claim(tx, NOON, 10)] == ["b"]


def test_a_blocked_chat_stops_costing(tx: Transaction, outbox: Outbox) -> None:
    put(outbox, tx, "a", "b")
    put(outbox, tx, "c", lane="sms:1")
    outbox.drop_lane(tx, "chat:1", NOON)
    assert [claimed.key for claimed in outbox.claim(tx, NOON, 10)] == ["c"]


def test_a_row_that_cannot_be_read_stops_nobody_else(
    tx: Transaction, outbox: Outbox, connection: sqlite3.Connection
) -> None:
    put(outbox, tx, "a", "b")
    put(outbox, tx, "c", lane="chat:2")
    connection.execute("UPDATE outbox SET sealed = (SELECT sealed FROM outbox WHERE key = 'b') WHERE key = 'a'")
    assert [claimed.key for claimed in outbox.claim(tx, NOON, 10)] == ["c"]
    assert [claimed.key for claimed in outbox.claim(tx, NOON, 10)] == ["b"]


def test_a_message_is_sealed_while_it_waits_and_gone_once_it_left(
    tx: Transaction, outbox: Outbox, connection: sqlite3.Connection
) -> None:
    outbox.add(tx, "a", "sms:1", Sms("01023456789", Line("sms.code", {"code": "482913"}), "ko"), NOON)
    stored = connection.execute("SELECT sealed FROM outbox").fetchone()[0]
    assert b"482913" not in stored
    assert b"01023456789" not in stored
    (claimed,) = outbox.claim(tx, NOON, 10)
    outbox.sent(tx, claimed, NOON)
    assert connection.execute("SELECT sealed FROM outbox").fetchone()[0] is None


def test_the_next_due_time_waits_for_leases_too(tx: Transaction, outbox: Outbox) -> None:
    put(outbox, tx, "a")
    outbox.claim(tx, NOON, 10)
    row = tx.row("outbox_next_due")
    assert row
    assert row["due_at"] == (NOON + LEASE).timestamp()
