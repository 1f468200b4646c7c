"""A restored bot reuses no number that it assigned after the backup."""

import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.backup.after_restore import ADDED_REVISIONS, IN_PROGRESS, advance_counters, advanced
from bot.conversation.case import Case, Phase
from bot.conversation.chats import Chat, Chats
from bot.conversation.procedure import Rules
from bot.core.wakeup import Wakeup
from bot.messages.outgoing import Card, Sms, chat_lane
from bot.messages.screen import Line, Screen
from bot.queues.outbox import Outbox
from bot.storage import snapshot
from bot.storage.database import Transaction
from ca.ledger.vault import Vault
from tests.support.conversation import NOON
from tests.support.disk import on_disk


@pytest.fixture
def outbox(vault: Vault) -> Outbox:
    return Outbox(vault, Wakeup(), timedelta(seconds=30))


def restored(tx: Transaction, vault: Vault, outbox: Outbox) -> int:
    return advance_counters(tx, Chats(vault), outbox, NOON, Rules())


@pytest.mark.parametrize("phase", Phase)
def test_only_an_application_in_progress_keeps_its_number(phase: Phase) -> None:
    case = Case("c", 7, revision=12, phase=phase, submissions=2)
    after = advanced(case)
    assert after.revision == 12 + ADDED_REVISIONS
    assert (after.request_id == case.request_id) == (phase in IN_PROGRESS)
    assert replace(after, revision=12, submissions=2) == case


def test_every_button_is_outdated_and_no_message_is_current(tx: Transaction, vault: Vault, outbox: Outbox) -> None:
    chats = Chats(vault)
    chats.add(tx, Chat(7, "ko", Case("c", 7, revision=3)), NOON)
    tx.run("chat_card", chat_id=7, card=40)
    assert restored(tx, vault, outbox) == 1
    chat = chats.load(tx, 7)
    assert chat
    assert (chat.case.revision, chat.card, chat.last) == (3 + ADDED_REVISIONS, 0, 40)
    assert not tx.rows("outbox_lanes")


def test_a_chat_with_waiting_messages_gets_its_screen_last(tx: Transaction, vault: Vault, outbox: Outbox) -> None:
    Chats(vault).add(tx, Chat(7, "ko", Case("c", 7, revision=3)), NOON)
    old = Card(Screen((Line("card.idle"),), revision=3), fresh=False)
    outbox.add(tx, "u1.0", chat_lane(7), old, NOON)
    outbox.add(tx, "j1.sms", "sms:7", Sms("01012345678", Line("sms.code", {"code": "1"}), "ko"), NOON)
    tx.run("outbox_claim", seq=1, lease="an ended process", until=NOON.timestamp() + 30)

    restored(tx, vault, outbox)

    assert [each.key for each in outbox.claim(tx, NOON, 10)] == ["u1.0", "j1.sms"]
    rows = tx._connection.execute("SELECT key FROM outbox WHERE lane = 'chat:7' ORDER BY seq").fetchall()
    assert [row["key"] for row in rows] == ["u1.0", f"restored:7.{3 + ADDED_REVISIONS}"]


def test_one_damaged_chat_does_not_prevent_the_others(tx: Transaction, vault: Vault, outbox: Outbox) -> None:
    chats = Chats(vault)
    for number in (7, 8):
        chats.add(tx, Chat(number, "ko", Case("c", number)), NOON)
    tx.run("chat_save_case", chat_id=7, sealed_case=b"damaged", phase="idle", now=1.0)
    restored(tx, vault, outbox)
    chat = chats.load(tx, 8)
    assert chat
    assert chat.case.revision == ADDED_REVISIONS


async def test_new_rows_skip_numbers_that_the_gateway_may_know(tmp_path: Path, vault: Vault, outbox: Outbox) -> None:
    line = Sms("01012345678", Line("sms.code", {"code": "1"}), "ko")
    async with on_disk(tmp_path / "desk.db") as database:
        await database.unit(lambda tx: outbox.add(tx, "a", "sms:7", line, NOON))
    snapshot.skip_numbers(tmp_path / "desk.db")
    async with on_disk(tmp_path / "desk.db") as database:
        await database.unit(lambda tx: outbox.add(tx, "b", "sms:7", line, NOON))
        await database.unit(
            lambda tx: tx.run_many(
                "inbox_add", [{"update_id": 1, "lane": "l", "sealed": b"", "ahead": 0, "me": "", "now": 1}]
            )
        )
    with closing(sqlite3.connect(tmp_path / "desk.db")) as connection:
        assert [row[0] for row in connection.execute("SELECT seq FROM outbox ORDER BY seq")] == [
            1,
            snapshot.SKIPPED + 2,
        ]
        assert connection.execute("SELECT seq FROM inbox").fetchone() == (snapshot.SKIPPED + 1,)
