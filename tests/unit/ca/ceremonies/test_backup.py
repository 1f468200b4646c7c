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
def bureau(template: Path, tmp_path: Path) -> Iterator[SmallAuthority]:
    settings = replace(SETTINGS, journal=tmp_path / "elsewhere.journal")
    bureau = SmallAuthority(copy_of(template, tmp_path), settings=settings)
    yield bureau
    bureau.authority.close()


def journal_of(bureau: SmallAuthority) -> Path:
    assert bureau.settings.journal
    return bureau.settings.journal


def moved(bureau: SmallAuthority, folder: Path, *, journals: bool = True) -> tuple[SmallAuthority, Restored]:
    """The old house is gone; the key file, the backup and the journal are carried to a new one."""
    bureau.authority.close()
    folder.mkdir()
    (folder / "vault.json").write_bytes((bureau.folder / "vault.json").read_bytes())
    (folder / "vault.json").chmod(0o600)
    given = [journal_of(bureau)] if journals else []
    restored = restore(bureau.folder / "backup.tar", folder / "ca", bureau.vault, given, bureau.clock)
    settings = bureau.settings if journals else replace(SETTINGS, journal=folder / "new.journal")
    return SmallAuthority(folder, bureau.clock, settings), restored


def test_nothing_issued_or_revoked_or_promised_since_the_backup_is_lost(
    bureau: SmallAuthority, tmp_path: Path
) -> None:
    before = bureau.old()
    bureau.authority.backup(bureau.folder / "backup.tar")
    _, after = bureau.reissue(before.serial)
    third = bureau.old(request_id="3", holder="C-3", number=3)
    bureau.authority.revoke(third.serial, Reason.KEY_COMPROMISE, "theft")
    promised = bureau.authority.enrol(enrolment("promised", holder="C-5"))
    head = bureau.authority.audit_head()
    listed = bureau.authority.crl()

    new, restored = moved(bureau, tmp_path / "new")

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


def test_a_journal_goes_on_after_the_restoration(bureau: SmallAuthority, tmp_path: Path) -> None:
    bureau.authority.backup(bureau.folder / "backup.tar")
    bureau.old()
    new, first = moved(bureau, tmp_path / "new")
    late = new.old(request_id="late", holder="C-9", number=4)
    (new.folder / "backup.tar").write_bytes((bureau.folder / "backup.tar").read_bytes())
    newer, second = moved(new, tmp_path / "newer")
    assert second.transactions == first.transactions + 3
    assert newer.authority.record(late.serial)
    assert newer.authority.verify_audit().ok
    newer.authority.close()


def test_a_backup_taken_while_four_threads_issue_is_one_moment(
    bureau: SmallAuthority, tmp_path: Path
) -> None:
    issued: list[int] = []
    stop = threading.Event()

    def work(lane: int) -> None:
        number = 0
        while not stop.is_set() or number < 2:
            number += 1
            changes = {"request_id": f"{lane}-{number}", "holder": f"C-{lane}", "number": lane}
            issued.append(bureau.old(**changes).serial)

    threads = [threading.Thread(target=work, args=(lane,)) for lane in range(4)]
    for each in threads:
        each.start()
    for _ in range(3):
        bureau.authority.backup(bureau.folder / "backup.tar")
    stop.set()
    for each in threads:
        each.join()

    new, restored = moved(bureau, tmp_path / "new")
    assert new.authority.verify_audit().ok
    assert len(issued) == len(set(issued))
    assert all(new.authority.record(serial) for serial in issued)
    assert restored.head.entries > restored.backup.entries
    new.authority.close()


def test_without_the_journal_a_restored_house_stands_where_the_backup_did(
    bureau: SmallAuthority, tmp_path: Path
) -> None:
    kept = bureau.old()
    bureau.authority.backup(bureau.folder / "backup.tar")
    lost = bureau.old(request_id="2", holder="C-2", number=2)
    new, restored = moved(bureau, tmp_path / "new", journals=False)
    assert (restored.transactions, restored.acts) == (0, ())
    assert new.authority.record(kept.serial)
    assert new.authority.record(lost.serial) is None
    assert new.authority.verify_audit().ok
    new.authority.close()


def test_a_ledger_set_back_beside_its_journal_does_not_start(bureau: SmallAuthority) -> None:
    path = bureau.folder / "ca" / LEDGER_FILE
    with sqlite3.connect(path) as ledger, sqlite3.connect(bureau.folder / "yesterday") as copy:
        ledger.backup(copy)
        bureau.old()
        copy.backup(ledger)
    ledger.close()
    copy.close()
    with pytest.raises(LedgerBroken, match="restore it with both"):
        bureau.restart()


def test_a_backup_is_for_its_owner_and_says_nothing_personal(bureau: SmallAuthority) -> None:
    bureau.old()
    bureau.authority.backup(bureau.folder / "backup.tar")
    for path in (bureau.folder / "backup.tar", journal_of(bureau)):
        assert path.stat().st_mode & 0o777 == 0o600
        content = path.read_bytes()
        assert NAME.encode() not in content
        assert IDN.encode() not in content
    assert sorted(path.name for path in bureau.folder.iterdir()) == [
        "backup.tar", "ca", "elsewhere.journal", "vault.json",
    ]  # fmt: skip


def test_a_damaged_backup_is_refused_and_leaves_nothing_behind(
    bureau: SmallAuthority, tmp_path: Path
) -> None:
    path = bureau.folder / "backup.tar"
    bureau.authority.backup(path)
    content = path.read_bytes()
    with tarfile.open(path) as archive:
        data = [(each.offset_data, each.size) for each in archive]
    places = [offset + size * part // 4 for offset, size in data for part in (0, 1, 3)]
    for place in places:
        path.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        with pytest.raises(BackupDamaged):
            restore(path, tmp_path / "new", bureau.vault, [], bureau.clock)
    for length in (0, 100, 10_240, len(content) // 2, data[-1][0] + data[-1][1] - 1):
        path.write_bytes(content[:length])
        with pytest.raises(BackupDamaged):
            restore(path, tmp_path / "new", bureau.vault, [], bureau.clock)
    assert not (tmp_path / "new").exists()
    assert not list(tmp_path.glob(".new*"))


def test_a_backup_with_a_file_of_a_stranger_is_refused(bureau: SmallAuthority, tmp_path: Path) -> None:
    path = bureau.folder / "backup.tar"
    bureau.authority.backup(path)
    with tarfile.open(path, "a") as archive:
        member = tarfile.TarInfo("../outside")
        member.size = 3
        archive.addfile(member, io.BytesIO(b"boo"))
    with pytest.raises(BackupDamaged, match="not in its manifest"):
        restore(path, tmp_path / "new", bureau.vault, [], bureau.clock)
    assert not (tmp_path / "outside").exists()


def test_an_authority_that_is_there_is_never_overwritten(bureau: SmallAuthority) -> None:
    bureau.authority.backup(bureau.folder / "backup.tar")
    with pytest.raises(FileExistsError):
        restore(bureau.folder / "backup.tar", bureau.folder / "ca", bureau.vault, [], bureau.clock)


def test_a_line_torn_by_a_power_cut_was_never_committed(bureau: SmallAuthority, tmp_path: Path) -> None:
    bureau.authority.backup(bureau.folder / "backup.tar")
    bureau.old()
    with journal_of(bureau).open("ab") as file:
        file.write(b"99999 torn")
    second = bureau.old(request_id="2", holder="C-2", number=2)
    new, _ = moved(bureau, tmp_path / "new")
    assert new.authority.record(second.serial)
    assert new.authority.verify_audit().ok
    new.authority.close()


@pytest.mark.parametrize("line", [0, 1, -1])
def test_a_journal_that_was_changed_is_refused(bureau: SmallAuthority, tmp_path: Path, line: int) -> None:
    bureau.authority.backup(bureau.folder / "backup.tar")
    bureau.old()
    bureau.authority.revoke(bureau.old().serial, Reason.UNSPECIFIED, "r")
    lines = journal_of(bureau).read_bytes().splitlines(keepends=True)
    assert len(lines) == 3
    changed = bytearray(lines[line])
    changed[100] ^= 1
    for content in (bytes(changed), b"") if line != -1 else (bytes(changed),):
        journal_of(bureau).write_bytes(b"".join(content if each is lines[line] else each for each in lines))
        with pytest.raises(LedgerBroken, match="journal"):
            restore(
                bureau.folder / "backup.tar",
                tmp_path / "new",
                bureau.vault,
                [journal_of(bureau)],
                bureau.clock,
            )
    assert not (tmp_path / "new").exists()


def test_journals_that_were_moved_away_are_played_in_turn(bureau: SmallAuthority, tmp_path: Path) -> None:
    bureau.authority.backup(bureau.folder / "backup.tar")
    first = bureau.old()
    journal_of(bureau).rename(tmp_path / "monday")
    second = bureau.old(request_id="2", holder="C-2", number=2)
    journals = [tmp_path / "monday", journal_of(bureau)]
    restored = restore(bureau.folder / "backup.tar", tmp_path / "new", bureau.vault, journals, bureau.clock)
    assert [each.serial for each in restored.acts] == [f"{first.serial:x}", f"{second.serial:x}"]


def test_what_was_noted_and_not_committed_is_superseded_by_what_was(bureau: SmallAuthority) -> None:
    """The process died between the journal and the commit: the next transaction has the same number."""
    bureau.old()
    entries = list(read(journal_of(bureau), bureau.vault))
    assert bureau.authority._ledger._journal
    bureau.authority._ledger._journal.append(
        entries[-1].number + 1, [("count_wrong_code", {"reference": "1"})]
    )
    bureau.restart()
    bureau.old(request_id="2", holder="C-2", number=2)
    numbers = [each.number for each in read(journal_of(bureau), bureau.vault)]
    assert numbers == [numbers[0], numbers[0] + 1, numbers[0] + 2, numbers[0] + 2, numbers[0] + 3]


def test_a_journal_that_cannot_be_written_stops_issuing_until_it_can(bureau: SmallAuthority) -> None:
    journal_of(bureau).unlink(missing_ok=True)
    journal_of(bureau).mkdir()
    with pytest.raises(CaRefusal, match="journal_not_available"):
        bureau.old()
    journal_of(bureau).rmdir()
    assert bureau.old()
    assert bureau.authority.verify_audit().ok
