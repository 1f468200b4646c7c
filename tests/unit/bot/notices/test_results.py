"""Where a result goes: what is urgent everywhere, the rest where it is wanted, and never where nobody is."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import product

import pytest
from msgspec.structs import replace as changed

from bot.conversation.case import Case, Certificate, Phase
from bot.conversation.chats import Chat
from bot.core.wakeup import Wakeup
from bot.engine.delivery_report import every, latest
from bot.identity.register import CustomerRegister
from bot.messages.delivery import Gone, Refused
from bot.messages.outgoing import Mail, SendScreen, Sms, chat_lane
from bot.messages.screen import Line, Screen
from bot.notices import preferences as rows
from bot.notices.addresses import WAYS, Addresses, Way
from bot.notices.bounces import BOUNCED, Bounces
from bot.notices.preferences import Choice
from bot.notices.results import SUSPICIOUS, Notices
from bot.queues.outbox import Outbox
from bot.storage.sqlite import SqliteTransaction, _connect, _migrate
from ca.ledger.vault import KeyRing, Vault
from tests.support.conversation import NOON, WORDS
from tests.support.customers import GILDONG

CASE = Case("c0ffee", 42, phase=Phase.REFUSED, submissions=1, receipt="R-1", customer=GILDONG.customer_id)
ISSUED = replace(CASE, certificate=Certificate("7A", NOON, NOON, "c0ffee-1"))
CHAT = Chat(42, "ko", CASE)


@dataclass
class Office:
    connection: sqlite3.Connection
    tx: SqliteTransaction
    outbox: Outbox
    addresses: Addresses
    notices: Notices

    def wants(self, results: str) -> None:
        rows.save(self.tx, 42, replace(rows.NOTHING, choice=Choice(results=results)))  # type: ignore[arg-type]

    def refuses(self, code: str) -> None:
        self.notices.refused(self.tx, CHAT, replace(CASE, refusal=code), NOON)

    def waiting(self) -> dict[str, Sms | Mail | SendScreen]:
        claimed = self.outbox.claim(self.tx, NOON, 10)
        return {each.key.removeprefix("result:c0ffee-1:"): each.message for each in claimed}  # type: ignore[misc]


def office(carried: tuple[Way, ...] = WAYS) -> Iterator[Office]:
    vault = Vault(KeyRing.new())
    with closing(_connect(":memory:")) as connection:
        _migrate(connection)
        tx, outbox = SqliteTransaction(connection), Outbox(vault, Wakeup(), timedelta(seconds=30))
        directory, addresses = CustomerRegister(vault), Addresses(vault, carried)
        directory.put(tx, GILDONG)
        yield Office(connection, tx, outbox, addresses, Notices(directory, outbox, addresses))


@pytest.fixture
def desk() -> Iterator[Office]:
    yield from office()


EVERYWHERE = {"refused:sms", "refused:mail"}
SOMEWHERE = {"both": EVERYWHERE, "sms": {"refused:sms"}, "mail": {"refused:mail"}, "chat": set[str]()}


@pytest.mark.parametrize(("code", "results"), list(product(("R05", "R09", "R03", "R07", "R11"), SOMEWHERE)))
def test_what_looks_like_somebody_else_goes_everywhere_whatever_is_wanted(
    desk: Office, code: str, results: str
) -> None:
    desk.wants(results)
    desk.refuses(code)
    waiting = desk.waiting()
    assert set(waiting) == (EVERYWHERE if code in SUSPICIOUS else SOMEWHERE[results])
    assert {each.by_day for each in waiting.values() if not isinstance(each, SendScreen)} <= {code not in SUSPICIOUS}


@pytest.mark.parametrize("results", SOMEWHERE)
def test_an_issue_goes_everywhere_at_once_and_cannot_be_switched_off(desk: Office, results: str) -> None:
    desk.wants(results)
    desk.notices.issued(desk.tx, CHAT, ISSUED, NOON)
    waiting = desk.waiting()
    assert set(waiting) == {"issued:sms", "issued:mail"}
    assert not any(each.by_day for each in waiting.values() if not isinstance(each, SendScreen))


def test_however_often_it_is_reported_it_is_one_of_each(desk: Office) -> None:
    told = SendScreen(Screen((Line("notice.issued"),)))
    for cause in ("j7.0", "j8.0", "u9.0"):
        desk.notices.issued(desk.tx, CHAT, ISSUED, NOON)
        key, message = desk.notices.in_chat(desk.tx, CHAT, ISSUED, told, cause)
        desk.outbox.add(desk.tx, key, chat_lane(42), message, NOON)
    assert set(desk.waiting()) == {"issued:sms", "issued:mail", "issued:chat"}


def test_another_application_has_a_result_of_its_own(desk: Office) -> None:
    desk.notices.issued(desk.tx, CHAT, ISSUED, NOON)
    desk.notices.issued(desk.tx, CHAT, replace(ISSUED, submissions=2), NOON)
    assert len(desk.waiting()) == 4


def test_an_address_at_which_nobody_is_is_let_be_until_the_register_has_another(desk: Office) -> None:
    assert desk.addresses.bounced(desk.tx, "mail", GILDONG.email, NOON)
    assert not desk.addresses.bounced(desk.tx, "mail", GILDONG.email, NOON), "known"
    desk.notices.issued(desk.tx, CHAT, ISSUED, NOON)
    assert set(desk.waiting()) == {"issued:sms"}
    moved = changed(GILDONG, email="new@customers.example")
    assert desk.addresses.of(desk.tx, moved) == {"sms": GILDONG.phone, "mail": moved.email}
    assert desk.addresses.of(desk.tx, None) == {}


def test_what_was_wanted_and_leads_nowhere_is_replaced(desk: Office) -> None:
    desk.wants("sms")
    desk.addresses.bounced(desk.tx, "sms", GILDONG.phone, NOON)
    desk.refuses("R05")
    assert set(desk.waiting()) == {"refused:mail"}


def test_a_bank_without_text_messages_sends_none_and_says_so_of_none() -> None:
    for desk in office(("mail",)):
        desk.notices.issued(desk.tx, CHAT, ISSUED, NOON)
        assert set(desk.waiting()) == {"issued:mail"}


def test_who_wants_it_only_in_a_chat_that_is_closed_to_us_gets_it_otherwise(desk: Office) -> None:
    desk.wants("chat")
    told = SendScreen(Screen((Line("notice.refused", {"code": "R05", "receipt": "R-1"}),)))
    refused = replace(CASE, refusal="R05")
    key, message = desk.notices.in_chat(desk.tx, CHAT, refused, told, "j1.0")
    desk.outbox.add(desk.tx, "before", chat_lane(42), told, NOON)
    desk.outbox.add(desk.tx, key, chat_lane(42), message, NOON)

    desk.outbox.drop_lane(desk.tx, chat_lane(42), NOON)

    (sms,) = desk.waiting().values()
    assert isinstance(sms, Sms)
    assert sms.to == GILDONG.phone
    told_of = latest(desk.outbox.traces(desk.tx, "c0ffee-1"), NOON)
    assert [line.key for line in told_of] == [
        "delivery.of.refused.row",
        "delivery.blocked.row",
        "delivery.waiting.row",
    ]


def test_only_what_names_a_chat_is_a_bounce_and_no_code_does(desk: Office) -> None:
    bounces = Bounces(desk.addresses, desk.outbox)
    code = Sms(GILDONG.phone, Line("sms.code", {"code": "482913"}), "ko")
    desk.outbox.add(desk.tx, "code:1", "sms:42", code, NOON)
    desk.notices.issued(desk.tx, CHAT, ISSUED, NOON)
    claimed = {each.key.rpartition(":")[2]: each for each in desk.outbox.claim(desk.tx, NOON, 10)}
    gone = Gone("sms gateway: no such subscriber")
    assert bounces.reason(desk.tx, claimed["1"], gone, NOON) == str(gone)
    assert bounces.reason(desk.tx, claimed["sms"], Refused("http_400"), NOON) == "refused: http_400"
    assert "sms" in desk.addresses.of(desk.tx, GILDONG)
    assert bounces.reason(desk.tx, claimed["sms"], gone, NOON) == BOUNCED
    assert "sms" not in desk.addresses.of(desk.tx, GILDONG)


def test_what_is_kept_of_an_address_is_masked_and_sealed(desk: Office) -> None:
    desk.notices.issued(desk.tx, CHAT, ISSUED, NOON)
    for each in desk.outbox.claim(desk.tx, NOON, 10):
        assert desk.outbox.sent(desk.tx, each, NOON)
    text = "\n".join(WORDS.text("ko", line) for line in every(desk.outbox.traces(desk.tx, "c0ffee-1"), NOON))
    assert "010-****-5678" in text
    assert "g***@customers.example" in text
    dump = "\n".join(desk.connection.iterdump())
    for secret in (GILDONG.phone, GILDONG.email, "010-****-5678", "g***@"):
        assert secret.encode().hex() not in dump.lower()
        assert secret not in dump


def test_a_trace_that_was_tampered_with_hides_the_address_and_no_more(desk: Office) -> None:
    desk.notices.issued(desk.tx, CHAT, ISSUED, NOON)
    desk.connection.execute("UPDATE outbox SET address = x'00'")
    assert {each.address for each in desk.outbox.traces(desk.tx, "c0ffee-1")} == {"***"}
