"""Backups taken while issuing, and the journal that brings a restored one up to its last moment."""

import io
import sqlite3
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from ca import CaRefusal, LedgerBroken, Reason, Status
from ca.authority import LEDGER_FILE
from ca.ceremonies.backup import BackupDamaged, Restored, restore
from ca.ledger.journal import read
from tests.support.authority import IDN, NAME, SETTINGS, SmallAuthority, copy_of, enrolment, request


@pytest.fixture
def small_ca(template: Path, tmp_path: Path) -> Iterator[SmallAuthority]:
    settings = replace(SETTINGS, journal=tmp_path / "elsewhere.journal")
    small_ca = SmallAuthority(copy_of(template, tmp_path), settings=settings)
    yield small_ca
    small_ca.authority.close()


def journal_of(small_ca: SmallAuthority) -> Path:
    assert small_ca.settings.journal
    return small_ca.settings.journal


def moved(small_ca: SmallAuthority, folder: Path, *, journals: bool = True) -> tuple[SmallAuthority, Restored]:
    """The old house is gone; the key file, the backup and the journal are carried to a new one."""
    small_ca.authority.close()
    folder.mkdir()
    (folder / "vault.json").write_bytes((small_ca.folder / "vault.json").read_bytes())
    (folder / "vault.json").chmod(0o600)
    given = [journal_of(small_ca)] if journals else []
    restored = restore(small_ca.folder / "backup.tar", folder / "ca", small_ca.vault, given, small_ca.clock)
    settings = small_ca.settings if journals else replace(SETTINGS, journal=folder / "new.journal")
    return SmallAuthority(folder, small_ca.clock, settings), restored


def test_nothing_issued_or_revoked_or_promised_since_the_backup_is_lost(
    small_ca: SmallAuthority, tmp_path: Path
) -> None:
    before = small_ca.old()
    small_ca.authority.backup(small_ca.folder / "backup.tar")
    _, after = small_ca.reissue(before.serial)
    third = small_ca.old(request_id="3", holder="C-3", number=3)
    small_ca.authority.revoke(third.serial, Reason.KEY_COMPROMISE, "theft")
    promised = small_ca.authority.enrol(enrolment("promised", holder="C-5"))
    head = small_ca.authority.audit_head()
    listed = small_ca.authority.crl()

    new, restored = moved(small_ca, tmp_path / "new")

    assert [(each.kind, each.serial) for each in restored.acts] == [
        ("revoked", f"{before.serial:x}"),
        ("signed", f"{after.serial:x}"),
        ("signed", f"{third.serial:x}"),
        ("revoked", f"{third.serial:x}"),
    ]
    statuses = [new.authority.record(each.serial) for each in (before, after, third)]
    assert [each.status for each in statuses if each] == [Status.REVOKED, Status.GOOD, Status.REVOKED]
    assert new.authority.verify_audit(head).ok
    assert new.authority.crl() == listed
    assert new.authority.redeem(promised.reference, promised.code, request(5)).serial
    assert new.old(request_id="3", holder="C-3", number=3) == third
    new.authority.close()


def test_a_journal_goes_on_after_the_restoration(small_ca: SmallAuthority, tmp_path: Path) -> None:
    small_ca.authority.backup(small_ca.folder / "backup.tar")
    small_ca.old()
    new, first = moved(small_ca, tmp_path / "new")
    late = new.old(request_id="late", holder="C-9", number=4)
    (new.folder / "backup.tar").write_bytes((small_ca.folder / "backup.tar").read_bytes())
    newer, second = moved(new, tmp_path / "newer")
    assert second.transactions == first.transactions + 3
    assert newer.authority.record(late.serial)
    assert newer.authority.verify_audit().ok
    newer.authority.close()


def test_a_backup_taken_while_four_threads_issue_is_one_moment(small_ca: SmallAuthority, tmp_path: Path) -> None:
    issued: list[int] = []
    stop = threading.Event()

    def work(lane: int) -> None:
        number = 0
        while not stop.is_set() or number < 2:
            number += 1
            changes = {"request_id": f"{lane}-{number}", "holder": f"C-{lane}", "number": lane}
            issued.append(small_ca.old(**changes).serial)

    threads = [threading.Thread(target=work, args=(lane,)) for lane in range(4)]
    for each in threads:
        each.start()
    for _ in range(3):
        small_ca.authority.backup(small_ca.folder / "backup.tar")
    stop.set()
    for each in threads:
        each.join()

    new, restored = moved(small_ca, tmp_path / "new")
    assert new.authority.verify_audit().ok
    assert len(issued) == len(set(issued))
    assert all(new.authority.record(serial) for serial in issued)
    assert restored.head.entries > restored.backup.entries
    new.authority.close()


def test_without_the_journal_a_restored_house_stands_where_the_backup_did(
    small_ca: SmallAuthority, tmp_path: Path
) -> None:
    kept = small_ca.old()
    small_ca.authority.backup(small_ca.folder / "backup.tar")
    lost = small_ca.old(request_id="2", holder="C-2", number=2)
    new, restored = moved(small_ca, tmp_path / "new", journals=False)
    assert (restored.transactions, restored.acts) == (0, ())
    assert new.authority.record(kept.serial)
    assert new.authority.record(lost.serial) is None
    assert new.authority.verify_audit().ok
    new.authority.close()


def test_a_ledger_set_back_beside_its_journal_does_not_start(small_ca: SmallAuthority) -> None:
    path = small_ca.folder / "ca" / LEDGER_FILE
    with sqlite3.connect(path) as ledger, sqlite3.connect(small_ca.folder / "yesterday") as copy:
        ledger.backup(copy)
        small_ca.old()
        copy.backup(ledger)
    ledger.close()
    copy.close()
    with pytest.raises(LedgerBroken, match="restore it with both"):
        small_ca.restart()


def test_a_backup_is_for_its_owner_and_says_nothing_personal(small_ca: SmallAuthority) -> None:
    small_ca.old()
    small_ca.authority.backup(small_ca.folder / "backup.tar")
    for path in (small_ca.folder / "backup.tar", journal_of(small_ca)):
        assert path.stat().st_mode & 0o777 == 0o600
        content = path.read_bytes()
        assert NAME.encode() not in content
        assert IDN.encode() not in content
    assert sorted(path.name for path in small_ca.folder.iterdir()) == [
        "backup.tar", "ca", "elsewhere.journal", "vault.json",
    ]  # fmt: skip


def test_a_damaged_backup_is_refused_and_leaves_nothing_behind(small_ca: SmallAuthority, tmp_path: Path) -> None:
    path = small_ca.folder / "backup.tar"
    small_ca.authority.backup(path)
    content = path.read_bytes()
    with tarfile.open(path) as archive:
        data = [(each.offset_data, each.size) for each in archive]
    places = [offset + size * part // 4 for offset, size in data for part in (0, 1, 3)]
    for place in places:
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(BackupDamaged):
            restore(path, tmp_path / "new", small_ca.vault, [], small_ca.clock)
    for length in (0, 100, 10_240, len(content) // 2, data[-1][0] + data[-1][1] - 1):
        path.write_bytes(content[:length])
        with pytest.raises(BackupDamaged):
            restore(path, tmp_path / "new", small_ca.vault, [], small_ca.clock)
    assert not (tmp_path / "new").exists()
    assert not list(tmp_path.glob(".new*"))


def test_a_backup_with_a_file_of_a_stranger_is_refused(small_ca: SmallAuthority, tmp_path: Path) -> None:
    path = small_ca.folder / "backup.tar"
    small_ca.authority.backup(path)
    with tarfile.open(path, "a") as archive:
        member = tarfile.TarInfo("../outside")
        member.size = 3
        archive.addfile(member, io.BytesIO(b"boo"))
    with pytest.raises(BackupDamaged, match="not in its manifest"):
        restore(path, tmp_path / "new", small_ca.vault, [], small_ca.clock)
    assert not (tmp_path / "outside").exists()


def test_an_authority_that_is_there_is_never_overwritten(small_ca: SmallAuthority) -> None:
    small_ca.authority.backup(small_ca.folder / "backup.tar")
    with pytest.raises(FileExistsError):
        restore(small_ca.folder / "backup.tar", small_ca.folder / "ca", small_ca.vault, [], small_ca.clock)


def test_a_line_torn_by_a_power_cut_was_never_committed(small_ca: SmallAuthority, tmp_path: Path) -> None:
    small_ca.authority.backup(small_ca.folder / "backup.tar")
    small_ca.old()
    with journal_of(small_ca).open("ab") as file:
        file.write(b"99999 torn")
    second = small_ca.old(request_id="2", holder="C-2", number=2)
    new, _ = moved(small_ca, tmp_path / "new")
    assert new.authority.record(second.serial)
    assert new.authority.verify_audit().ok
    new.authority.close()


@pytest.mark.parametrize("line", [0, 1, -1])
def test_a_journal_that_was_changed_is_refused(small_ca: SmallAuthority, tmp_path: Path, line: int) -> None:
    small_ca.authority.backup(small_ca.folder / "backup.tar")
    small_ca.old()
    small_ca.authority.revoke(small_ca.old().serial, Reason.UNSPECIFIED, "r")
    lines = journal_of(small_ca).read_bytes().splitlines(keepends=True)
    assert len(lines) == 3
    changed = bytearray(lines[line])
    changed[100] ^= 1
    for content in (bytes(changed), b"") if line != -1 else (bytes(changed),):
        journal_of(small_ca).write_bytes(b"".join(content if each is lines[line] else each for each in lines))
        with pytest.raises(LedgerBroken, match="journal"):
            restore(
                small_ca.folder / "backup.tar",
                tmp_path / "new",
                small_ca.vault,
                [journal_of(small_ca)],
                small_ca.clock,
            )
    assert not (tmp_path / "new").exists()


def test_journals_that_were_moved_away_are_played_in_turn(small_ca: SmallAuthority, tmp_path: Path) -> None:
    small_ca.authority.backup(small_ca.folder / "backup.tar")
    first = small_ca.old()
    journal_of(small_ca).rename(tmp_path / "monday")
    second = small_ca.old(request_id="2", holder="C-2", number=2)
    journals = [tmp_path / "monday", journal_of(small_ca)]
    restored = restore(small_ca.folder / "backup.tar", tmp_path / "new", small_ca.vault, journals, small_ca.clock)
    assert [each.serial for each in restored.acts] == [f"{first.serial:x}", f"{second.serial:x}"]


def test_what_was_noted_and_not_committed_is_superseded_by_what_was(small_ca: SmallAuthority) -> None:
    """The process died between the journal and the commit: the next transaction has the same number."""
    small_ca.old()
    entries = list(read(journal_of(small_ca), small_ca.vault))
    assert small_ca.authority._ledger._journal
    small_ca.authority._ledger._journal.append(entries[-1].number + 1, [("count_wrong_code", {"reference": "1"})])
    small_ca.restart()
    small_ca.old(request_id="2", holder="C-2", number=2)
    numbers = [each.number for each in read(journal_of(small_ca), small_ca.vault)]
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2, numbers[0] + 2, numbers[0] + 3]


def test_a_journal_that_cannot_be_written_stops_issuing_until_it_can(small_ca: SmallAuthority) -> None:
    journal_of(small_ca).unlink(missing_ok=True)
    journal_of(small_ca).mkdir()
    with pytest.raises(CaRefusal, match="journal_not_available"):
        small_ca.old()
    journal_of(small_ca).rmdir()
    assert small_ca.old()
    assert small_ca.authority.verify_audit().ok
