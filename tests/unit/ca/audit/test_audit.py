import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from ca import CaRefusal, LedgerBroken, Reason
from tests.bench.tampering import rounds
from tests.support.authority import SmallAuthority, copy_of, enrolment, order, request


@pytest.fixture
def busy(small_ca: SmallAuthority) -> SmallAuthority:
    """A little history: one reissued, one on hold, one revoked, one enrolment open and one withdrawn."""
    small_ca.reissue(small_ca.old().serial)
    small_ca.authority.hold(small_ca.old(request_id="h", holder="C-2", number=2).serial, "freeze")
    small_ca.authority.revoke(
        small_ca.old(request_id="r", holder="C-3", number=3).serial, Reason.KEY_COMPROMISE, "theft"
    )
    small_ca.authority.enrol(enrolment("open", holder="C-0002"))
    small_ca.authority.enrol(enrolment("void", holder="C-0003"))
    small_ca.authority.withdraw("void")
    small_ca.authority.crl()
    assert small_ca.authority.verify_audit().ok
    return small_ca


def tamper(small_ca: SmallAuthority, *statements: str) -> None:
    with sqlite3.connect(small_ca.folder / "ca" / "ledger.sqlite3", isolation_level=None) as connection:
        for statement in (
            "DROP TRIGGER audit_is_never_changed",
            "DROP TRIGGER audit_is_never_erased",
            *statements,
        ):
            connection.execute(statement)
    connection.close()


TAMPERINGS = [
    "UPDATE audit SET detail = replace(detail, 'keyCompromise', 'superseded') WHERE kind = 'revoked'",
    "UPDATE audit SET at = at + 1 WHERE seq = 3",
    "UPDATE audit SET kind = 'released' WHERE kind = 'held'",
    "UPDATE audit SET digest = zeroblob(32) WHERE seq = 4",
    "DELETE FROM audit WHERE seq = 1",
    "DELETE FROM audit WHERE seq = 5",
    "DELETE FROM audit WHERE seq = (SELECT max(seq) - 5 FROM audit)",
    "UPDATE certificate SET status = 'good', status_at = NULL, reason = NULL WHERE status = 'revoked'",
    "UPDATE certificate SET status_at = status_at + 60 WHERE status = 'hold'",
    "UPDATE certificate SET reason = 'superseded' WHERE reason = 'keyCompromise'",
    "UPDATE certificate SET der = (SELECT der FROM certificate AS other WHERE other.rowid <> certificate.rowid)",
    "DELETE FROM certificate WHERE status = 'hold'",
    "DELETE FROM intent WHERE request_id = 'h'",
    "DELETE FROM enrolment WHERE request_id = 'open'",
    "UPDATE enrolment SET withdrawn_at = NULL WHERE request_id = 'void'",
    "DELETE FROM audit WHERE seq > 6",
]


@pytest.mark.parametrize("statement", TAMPERINGS)
def test_tampering_is_found(busy: SmallAuthority, statement: str) -> None:
    tamper(busy, "PRAGMA foreign_keys=OFF", statement)
    try:
        report = busy.authority.verify_audit()
    except LedgerBroken:
        return
    assert not report.ok


def test_a_whole_ledger_set_back_is_found_with_the_head_kept_elsewhere(busy: SmallAuthority) -> None:
    """Cutting lines off the end leaves traces in the state; putting all of it back to yesterday leaves none here."""
    path = busy.folder / "ca" / "ledger.sqlite3"
    with sqlite3.connect(path) as ledger, sqlite3.connect(busy.folder / "yesterday") as copy:
        ledger.backup(copy)
        busy.old(request_id="more", holder="C-9", number=4)
        head = busy.authority.audit_head()
        copy.backup(ledger)
    ledger.close()
    copy.close()
    assert busy.authority.verify_audit().ok
    assert not busy.authority.verify_audit(head).ok


def test_a_head_kept_elsewhere_stays_true_as_the_chain_grows(busy: SmallAuthority) -> None:
    head = busy.authority.audit_head()
    busy.old(request_id="more", holder="C-9", number=4)
    report = busy.authority.verify_audit(head)
    assert report.ok
    assert report.head.entries == head.entries + 2


@pytest.mark.parametrize("statement", ["UPDATE audit SET at = 0", "DELETE FROM audit"])
def test_the_database_itself_refuses_to_change_the_audit(busy: SmallAuthority, statement: str) -> None:
    connection = sqlite3.connect(busy.folder / "ca" / "ledger.sqlite3")
    with pytest.raises(sqlite3.IntegrityError, match="append-only"):
        connection.execute(statement)
    connection.close()


REFUSED: list[Callable[[SmallAuthority], object]] = [
    lambda small_ca: small_ca.authority.issue(order("old", 1)),
    lambda small_ca: small_ca.authority.enrol(enrolment(replaces=1)),
    lambda small_ca: small_ca.authority.hold(1, "x"),
]


@pytest.mark.parametrize("ask", REFUSED)
def test_refusals_are_written_down(busy: SmallAuthority, ask: Callable[[SmallAuthority], object]) -> None:
    before = busy.authority.audit_head().entries
    with pytest.raises(Exception, match=r"R09|R15"):
        ask(busy)
    with busy.authority._ledger.reading() as tx:
        line = tx.one("last_audit")
        kinds = [row["kind"] for row in tx.all("whole_audit")]
    assert line["seq"] == before + 1
    assert kinds[-1] == "rejected"
    assert busy.authority.verify_audit().ok


def test_every_signature_has_its_earlier_intent(busy: SmallAuthority) -> None:
    with busy.authority._ledger.reading() as tx:
        lines = [(row["seq"], row["kind"], row["subject"]) for row in tx.all("whole_audit")]
    intents = {subject: seq for seq, kind, subject in lines if kind == "intent"}
    signed = {subject: seq for seq, kind, subject in lines if kind == "signed"}
    assert signed.keys() == intents.keys()
    assert all(intents[serial] < signed[serial] for serial in signed)


def test_random_tampering_is_found_and_named(template: Path, tmp_path: Path) -> None:
    """Ten thousand of these are `python -m tests.bench.audit --tamperings 10000`."""
    assert rounds(copy_of(template, tmp_path), 150, seed=7, show=False) == []


def test_a_wrong_code_is_written_down_with_its_reference(small_ca: SmallAuthority) -> None:
    given = small_ca.authority.enrol(enrolment())
    for _ in range(2):
        with pytest.raises(CaRefusal, match="wrong"):
            small_ca.authority.redeem(given.reference, "0" * 20, request(1))
    with small_ca.authority._ledger.reading() as tx:
        lines = [(row["kind"], row["subject"], row["detail"]) for row in tx.all("audit_lines")]
    assert lines[-2:] == [("rejected", given.reference, '{"code":"R10","reason":"wrong"}')] * 2
    assert small_ca.authority.verify_audit().ok


def test_verifying_keeps_nobody_from_issuing(small_ca: SmallAuthority) -> None:
    """The reader has a connection of its own: a transaction by another thread commits in the middle."""
    with small_ca.authority._ledger.aside() as tx:
        before = len(list(tx.all("audit_lines")))
        small_ca.old()
        assert len(list(tx.all("audit_lines"))) == before


def test_a_request_id_beyond_ascii_verifies(small_ca: SmallAuthority) -> None:
    small_ca.old(request_id='\u7533\u8acb \U0001f600 "1" \\ \x7f \n')
    assert small_ca.authority.verify_audit().ok
