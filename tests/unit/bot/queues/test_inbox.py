"""Updates are stored whole, done once, in order per chat; a poison one is parked and lets the next one pass."""

import sqlite3
from datetime import timedelta

import pytest

from bot.core.wakeup import Wakeup
from bot.queues.inbox import BACK_OFF, LEFT_ALONE_S, Arrival, Inbox
from bot.storage.database import Transaction
from bot.storage.opening import own_name
from ca.ledger.vault import Vault
from tests.support.conversation import NOON

SECOND = timedelta(seconds=1)


@pytest.fixture
def inbox(vault: Vault) -> Inbox:
    return Inbox(vault, Wakeup())


def arrival(update_id: int, lane: str = "chat:1") -> Arrival:
    return Arrival(update_id, lane, f"update {update_id}".encode())


def test_the_oldest_of_each_chat_comes_first(tx: Transaction, inbox: Inbox) -> None:
    arrivals = [arrival(7), arrival(8), arrival(9, "chat:2"), arrival(10, "chat:2")]
    inbox.add(tx, arrivals, NOON)
    heads = inbox.heads(tx, NOON, 10)
    assert [(head.update_id, head.lane, head.body) for head in heads] == [
        (7, "chat:1", b"update 7"),
        (9, "chat:2", b"update 9"),
    ]
    assert [head.update_id for head in inbox.heads(tx, NOON, 1)] == [7]


def test_order_is_of_arrival_not_of_the_number(tx: Transaction, inbox: Inbox) -> None:
    inbox.add(tx, [arrival(9)], NOON)
    inbox.add(tx, [arrival(3)], NOON + SECOND)
    assert [head.update_id for head in inbox.heads(tx, NOON + SECOND, 10)] == [9]


def test_an_update_is_known_by_its_number_also_after_it_was_done(tx: Transaction, inbox: Inbox) -> None:
    inbox.add(tx, [arrival(7)], NOON)
    inbox.add(tx, [Arrival(7, "chat:9", b"something else")], NOON)
    (head,) = inbox.heads(tx, NOON, 10)
    assert (head.lane, head.body) == ("chat:1", b"update 7")
    assert inbox.finish(tx, head)
    inbox.add(tx, [arrival(7)], NOON)
    assert inbox.heads(tx, NOON, 10) == []


def test_whoever_comes_second_finds_it_done(tx: Transaction, inbox: Inbox) -> None:
    inbox.add(tx, [arrival(7)], NOON)
    (head,) = inbox.heads(tx, NOON, 10)
    assert inbox.finish(tx, head)
    assert not inbox.finish(tx, head)


def test_nobody_overtakes_in_a_lane(tx: Transaction, inbox: Inbox) -> None:
    inbox.add(tx, [arrival(7), arrival(8)], NOON)
    first = inbox.head_of(tx, "chat:1", NOON)
    assert first
    second = type(first)(first.seq + 1, 8, "chat:1", b"", 0)
    assert not inbox.finish(tx, second), "the one before it is still open"
    assert inbox.finish(tx, first)
    assert inbox.finish(tx, second)
    assert inbox.head_of(tx, "chat:1", NOON) is None


def test_a_failing_update_waits_longer_and_longer_and_is_parked(tx: Transaction, inbox: Inbox) -> None:
    inbox.add(tx, [arrival(7), arrival(8)], NOON)
    now = NOON
    for pause in BACK_OFF:
        head = inbox.head_of(tx, "chat:1", now)
        assert head
        assert head.update_id == 7
        assert not inbox.failed(tx, head, "KeyError", now)
        just_before = now + timedelta(seconds=pause - 0.001)
        assert inbox.head_of(tx, "chat:1", just_before) is None
        assert inbox.heads(tx, just_before, 10) == [], "the chat's next one waits behind it"
        now += timedelta(seconds=pause)
    head = inbox.head_of(tx, "chat:1", now)
    assert head
    assert inbox.failed(tx, head, "KeyError", now)
    assert not inbox.failed(tx, head, "KeyError", now), "it is parked once"
    following = inbox.head_of(tx, "chat:1", now)
    assert following
    assert following.update_id == 8


def test_a_parked_update_is_not_taken_again(tx: Transaction, inbox: Inbox) -> None:
    inbox.add(tx, [arrival(7)], NOON)
    (head,) = inbox.heads(tx, NOON, 10)
    tx.run("inbox_park", seq=head.seq, error="KeyError")
    assert inbox.heads(tx, NOON + timedelta(days=1), 10) == []
    assert not inbox.finish(tx, head)


def test_another_chat_does_not_wait_for_a_failing_one(tx: Transaction, inbox: Inbox) -> None:
    inbox.add(tx, [arrival(7), arrival(8, "chat:2")], NOON)
    first, _ = inbox.heads(tx, NOON, 10)
    inbox.failed(tx, first, "KeyError", NOON)
    assert [head.update_id for head in inbox.heads(tx, NOON, 10)] == [8]


def test_what_was_said_is_gone_from_a_row_that_is_done(
    tx: Transaction, inbox: Inbox, connection: sqlite3.Connection
) -> None:
    inbox.add(tx, [arrival(7)], NOON)
    stored = connection.execute("SELECT sealed FROM inbox").fetchone()[0]
    assert b"update 7" not in stored
    (head,) = inbox.heads(tx, NOON, 10)
    inbox.finish(tx, head)
    assert tuple(connection.execute("SELECT state, sealed FROM inbox").fetchone()) == ("done", None)


def test_a_row_that_cannot_be_read_is_offered_empty_and_so_parked(
    tx: Transaction, inbox: Inbox, connection: sqlite3.Connection
) -> None:
    inbox.add(tx, [arrival(7), arrival(8, "chat:2")], NOON)
    connection.execute("UPDATE inbox SET sealed = x'00' WHERE update_id = 7")
    assert [head.body for head in inbox.heads(tx, NOON, 10)] == [b"", b"update 8"]


def test_done_updates_are_forgotten_in_time_and_open_ones_never(
    tx: Transaction, inbox: Inbox, connection: sqlite3.Connection
) -> None:
    inbox.add(tx, [arrival(7), arrival(8, "chat:2")], NOON)
    first, _ = inbox.heads(tx, NOON, 10)
    inbox.finish(tx, first)
    tx.run("inbox_forget", before=NOON.timestamp(), most=9)
    assert connection.execute("SELECT COUNT(*) FROM inbox").fetchone()[0] == 2
    tx.run("inbox_forget", before=(NOON + SECOND).timestamp(), most=9)
    assert [row[0] for row in connection.execute("SELECT update_id FROM inbox")] == [8]


def test_where_many_wait_taps_and_staff_go_first(tx: Transaction, vault: Vault) -> None:
    inbox = Inbox(vault, Wakeup(), ["chat:-9"])
    crowd = [arrival(number, f"chat:{number}") for number in range(1, 7)]
    inbox.add(tx, [*crowd, Arrival(7, "chat:7", b"tap", ahead=True), arrival(8, "chat:-9")], NOON)
    assert [head.update_id for head in inbox.heads(tx, NOON, 4)] == [7, 8, 1, 2]
    assert [head.update_id for head in inbox.heads(tx, NOON, 10)] == [1, 2, 3, 4, 5, 6, 7, 8], "nobody waits"


def test_surplus_is_finished_at_once_and_unread(tx: Transaction, inbox: Inbox, connection: sqlite3.Connection) -> None:
    tap = Arrival(99, "chat:1", b"tap", ahead=True)
    inbox.add(tx, [*(arrival(number) for number in range(1, 51)), tap, arrival(100, "chat:2")], NOON)
    (head, _) = inbox.heads(tx, NOON, 10)
    assert inbox.finish(tx, head)
    assert inbox.finish_surplus(tx, head) == 49
    assert [each.update_id for each in inbox.heads(tx, NOON, 10)] == [99, 100]
    assert connection.execute("SELECT COUNT(*) FROM inbox WHERE sealed IS NOT NULL").fetchone()[0] == 2


@pytest.fixture
def ours(vault: Vault) -> Inbox:
    return Inbox(vault, Wakeup(), me="ours")


@pytest.fixture
def theirs(vault: Vault) -> Inbox:
    return Inbox(vault, Wakeup(), me="theirs")


def heads(inbox: Inbox, tx: Transaction, after: float = 0.0) -> list[int]:
    return [head.update_id for head in inbox.heads(tx, NOON + timedelta(seconds=after), 10)]


def test_a_replica_begins_with_what_it_received_itself(tx: Transaction, ours: Inbox, theirs: Inbox) -> None:
    ours.add(tx, [arrival(7)], NOON)
    theirs.add(tx, [arrival(8, "chat:2")], NOON)
    assert (heads(ours, tx), heads(theirs, tx)) == ([7], [8])


def test_what_another_left_alone_is_everybodys(tx: Transaction, ours: Inbox, theirs: Inbox) -> None:
    theirs.add(tx, [arrival(8)], NOON)
    assert heads(ours, tx, LEFT_ALONE_S - 0.01) == []
    assert heads(ours, tx, LEFT_ALONE_S) == [8]


def test_a_release_that_tells_no_name_is_another(tx: Transaction, ours: Inbox, inbox: Inbox) -> None:
    inbox.add(tx, [arrival(8)], NOON)
    assert heads(ours, tx) == []
    assert heads(ours, tx, LEFT_ALONE_S) == [8]


def test_whoever_waits_behind_anothers_head_may_do_it(tx: Transaction, ours: Inbox, theirs: Inbox) -> None:
    """The other may be done with it just before ours came, and would ring no bell here."""
    theirs.add(tx, [arrival(7)], NOON)
    ours.add(tx, [arrival(8)], NOON)
    assert (heads(ours, tx), heads(theirs, tx)) == ([7], [7])


def test_who_is_done_with_a_head_goes_on_with_whatever_is_next(tx: Transaction, ours: Inbox, theirs: Inbox) -> None:
    ours.add(tx, [arrival(7)], NOON)
    theirs.add(tx, [arrival(8)], NOON)
    (first,) = ours.heads(tx, NOON, 10)
    assert ours.finish(tx, first)
    following = ours.head_of(tx, "chat:1", NOON)
    assert following
    assert following.update_id == 8


def test_a_failed_one_is_left_to_its_receiver_until_a_second_after_its_hour(
    tx: Transaction, ours: Inbox, theirs: Inbox
) -> None:
    theirs.add(tx, [arrival(8)], NOON)
    (head,) = theirs.heads(tx, NOON, 10)
    theirs.failed(tx, head, "KeyError", NOON)
    assert heads(theirs, tx, BACK_OFF[0]) == [8]
    assert heads(ours, tx, BACK_OFF[0] + LEFT_ALONE_S - 0.01) == []
    assert heads(ours, tx, BACK_OFF[0] + LEFT_ALONE_S) == [8]


def test_what_goes_first_is_left_to_its_receiver_too(tx: Transaction, ours: Inbox, theirs: Inbox) -> None:
    taps = [Arrival(number, f"chat:{number}", b"", ahead=True) for number in range(20, 23)]
    ours.add(tx, [arrival(number, f"chat:{number}") for number in range(10, 12)], NOON)
    theirs.add(tx, taps[:1], NOON)
    ours.add(tx, taps[1:], NOON)
    assert [head.update_id for head in ours.heads(tx, NOON, 2)] == [21, 22]


def test_replicas_have_names_and_those_that_share_a_file_have_none() -> None:
    names = [own_name("postgresql://bank@desk/desk") for _ in range(2)]
    assert names[0] != names[1]
    assert min(map(len, names)) > 4
    assert own_name("sqlite:///desk.db") == ""
