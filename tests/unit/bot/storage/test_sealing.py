"""A value that was encrypted for one place opens in no other: rows that were swapped by hand are refused."""

import sqlite3
from datetime import timedelta

import pytest

from bot.conversation.case import Case, Phase
from bot.conversation.chats import Chat, Chats
from bot.identity.register import CustomerRegister
from bot.issuing.kept_files import KeptFiles
from bot.storage.database import Transaction
from ca.ledger.vault import KeyRing, SealBroken, Vault
from tests.support.conversation import NOON, PERSONAL, Talk, at
from tests.support.customers import AN, GILDONG

HOUR = timedelta(hours=1)


@pytest.mark.parametrize("phase", list(Phase))
def test_a_case_comes_out_as_it_went_in_in_every_phase(tx: Transaction, vault: Vault, phase: Phase) -> None:
    case = at(phase).case
    chats = Chats(vault)
    chats.add(tx, Chat(case.chat_id, "ko", Case("new", case.chat_id)), NOON)
    chats.save_case(tx, case, NOON)
    chat = chats.load(tx, case.chat_id)
    assert chat
    assert chat.case == case
    assert (chat.language, chat.card, chat.keyboard, chat.blocked) == ("ko", None, False, False)


def test_an_unknown_chat_is_none(tx: Transaction, vault: Vault) -> None:
    assert Chats(vault).load(tx, 404) is None


def test_nothing_personal_of_a_case_is_to_be_read(
    tx: Transaction, vault: Vault, connection: sqlite3.Connection
) -> None:
    Chats(vault).add(tx, Chat(42, "ko", Talk().reviewing().case), NOON)
    stored = connection.serialize()
    assert [value for value in PERSONAL if value.encode() in stored] == []


def test_a_case_swapped_into_another_chat_is_refused(
    tx: Transaction, vault: Vault, connection: sqlite3.Connection
) -> None:
    chats = Chats(vault)
    for chat_id in (1, 2):
        chats.add(tx, Chat(chat_id, "ko", Case(f"c{chat_id}", chat_id)), NOON)
    swapped = "UPDATE chats SET sealed_case = (SELECT sealed_case FROM chats WHERE chat_id = 2) WHERE chat_id = 1"
    connection.execute(swapped)
    with pytest.raises(SealBroken):
        chats.load(tx, 1)
    assert chats.load(tx, 2)


def test_one_flipped_bit_is_refused(tx: Transaction, vault: Vault, connection: sqlite3.Connection) -> None:
    chats = Chats(vault)
    chats.add(tx, Chat(1, "ko", Case("c", 1)), NOON)
    sealed = bytearray(connection.execute("SELECT sealed_case FROM chats").fetchone()[0])
    sealed[-1] ^= 1
    connection.execute("UPDATE chats SET sealed_case = ?", (bytes(sealed),))
    with pytest.raises(SealBroken):
        chats.load(tx, 1)


def test_another_key_opens_nothing(tx: Transaction, vault: Vault) -> None:
    Chats(vault).add(tx, Chat(1, "ko", Case("c", 1)), NOON)
    with pytest.raises(SealBroken):
        Chats(Vault(KeyRing.new())).load(tx, 1)


def test_a_record_swapped_to_another_customer_is_refused(
    tx: Transaction, vault: Vault, connection: sqlite3.Connection
) -> None:
    directory = CustomerRegister(vault)
    for record in (GILDONG, AN):
        directory.put(tx, record)
    connection.execute(
        "UPDATE customers SET sealed = (SELECT sealed FROM customers WHERE customer_id = ?) WHERE customer_id = ?",
        (AN.customer_id, GILDONG.customer_id),
    )
    with pytest.raises(SealBroken):
        directory.record(tx, GILDONG.customer_id)


# --- keeps ---


def test_the_first_that_is_kept_counts(tx: Transaction, vault: Vault) -> None:
    kept_files = KeptFiles(vault)
    for content in (b"first", b"second"):
        kept_files.put(tx, "c-1", "key", 1, content, NOON + HOUR)
    assert kept_files.load(tx, "c-1", "key", NOON) == b"first"
    assert kept_files.load(tx, "c-2", "key", NOON) is None
    assert kept_files.load(tx, "c-1", "npki.zip", NOON) is None


def test_what_is_kept_lapses_to_the_moment(tx: Transaction, vault: Vault, connection: sqlite3.Connection) -> None:
    kept_files = KeptFiles(vault)
    kept_files.put(tx, "c-1", "npki.zip", 1, b"files", NOON + HOUR)
    kept_files.put(tx, "c-2", "npki.zip", 1, b"others", NOON + 2 * HOUR)
    just_before = NOON + HOUR - timedelta(milliseconds=1)
    assert kept_files.load(tx, "c-1", "npki.zip", just_before) == b"files"
    assert kept_files.load(tx, "c-1", "npki.zip", NOON + HOUR) is None, "also before anybody tidied up"
    assert kept_files.lapse(tx, just_before) == 0
    assert kept_files.lapse(tx, NOON + HOUR) == 1
    assert [row[0] for row in connection.execute("SELECT request_id FROM keeps")] == ["c-2"]


def test_what_is_erased_is_gone_and_its_neighbours_are_not(tx: Transaction, vault: Vault) -> None:
    kept_files = KeptFiles(vault)
    for name in ("key", "npki.zip"):
        kept_files.put(tx, "c-1", name, 1, name.encode(), NOON + HOUR)
    kept_files.erase(tx, "c-1", "key")
    assert kept_files.load(tx, "c-1", "key", NOON) is None
    assert kept_files.load(tx, "c-1", "npki.zip", NOON) == b"npki.zip"


def test_files_of_another_request_or_name_are_refused(
    tx: Transaction, vault: Vault, connection: sqlite3.Connection
) -> None:
    kept_files = KeptFiles(vault)
    kept_files.put(tx, "c-1", "npki.zip", 1, b"files", NOON + HOUR)
    connection.execute("UPDATE keeps SET request_id = 'c-2'")
    with pytest.raises(SealBroken):
        kept_files.load(tx, "c-2", "npki.zip", NOON)
