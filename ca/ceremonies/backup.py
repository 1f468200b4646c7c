"""A copy of the whole authority while it issues, and its restoration elsewhere, up to the journal's last line.

One tar file of mode 0600: the ledger as of one moment, the certificates, the encrypted keys, and a manifest with their
hashes under the vault's key. The vault's key file, the passphrase and the journal are kept apart from it.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ca.ledger.chain import GENESIS
from ca.ledger.journal import Journal, JournalEntry, read
from ca.ledger.ledger import LEDGER_FILE, Ledger
from ca.ledger.vault import Vault
from ca.values.disk import sync_folder
from ca.values.model import AuditHead
from ca.values.refusals import LedgerBroken

MANIFEST = "manifest.json"
LARGEST_MANIFEST = 1 << 20
AT_ONCE = 1 << 20
#: Operations on certificates: the lines of the difference that is reported.
ACTS = ("signed", "revoked", "held", "released")


class BackupDamaged(Exception):
    """The backup is not as it was written: nothing was restored."""


@dataclass(frozen=True, slots=True)
class Act:
    """What the restored ledger would not have known without the journal."""

    kind: str
    serial: str
    at: int
    """Seconds since 1970."""


@dataclass(frozen=True, slots=True)
class Restored:
    backup: AuditHead
    """The end of the audit in the backup."""
    head: AuditHead
    """The end of the audit now."""
    transactions: int
    """That were played from the journal."""
    acts: tuple[Act, ...]


def back_up(ledger: Ledger, folder: Path, to: Path) -> AuditHead:
    """Write the backup, whole or not at all, without delaying those who issue. Return the head that is in it."""
    draft, copy = to.with_name(f".{to.name}.new"), to.with_name(f".{to.name}.ledger")
    for stale in (draft, copy):
        stale.unlink(missing_ok=True)
    try:
        os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        entries, digest = ledger.copy(copy)
        head = AuditHead(entries, digest.hex())
        # The ledger first: a key that is made later is in the backup, but none is missing.
        files = {LEDGER_FILE: copy}
        files |= {each.name: each for each in sorted(folder.iterdir()) if each.suffix in {".key", ".der"}}
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            with tarfile.open(fileobj=file, mode="w") as archive:
                _add(archive, MANIFEST, _manifest(files, head, ledger))
                for name, path in files.items():
                    archive.add(path, name, filter=_plain)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(to)
        sync_folder(to.parent)
    finally:
        draft.unlink(missing_ok=True)
        copy.unlink(missing_ok=True)
    return head


def restore(
    backup: Path, folder: Path, vault: Vault, journals: Sequence[Path], now: Callable[[], datetime]
) -> Restored:
    """Restore the authority into an empty place, and replay the journals' later transactions, the oldest file first.

    The last journal is continued. Without any, what happened after the backup is not known here.

    Raises `BackupDamaged` (nothing is left behind), `LedgerBroken` if a journal is damaged, and `FileExistsError`.
    """
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"{folder} is not empty: an authority is restored to where none is")
    draft = folder.with_name(f".{folder.name}.new")
    _clear(draft)
    draft.mkdir(parents=True, mode=0o700)
    try:
        _unpack(backup, draft, vault)
        restored = _play(draft / LEDGER_FILE, vault, journals, now)
        if folder.exists():
            folder.rmdir()
        draft.rename(folder)
        sync_folder(folder.parent)
    finally:
        _clear(draft)
    return restored


def _play(path: Path, vault: Vault, journals: Sequence[Path], now: Callable[[], datetime]) -> Restored:
    acts: list[Act] = []
    with closing(Ledger(path, vault, now)) as ledger:
        before, count = _head(ledger), 0
        for entry in _in_order(journals, vault, ledger.number()):
            ledger.replay(entry.number, entry.writes)
            count += 1
            lines = [values for name, values in entry.writes if name == "insert_audit"]
            acts += [Act(each["kind"], each["subject"], each["at"]) for each in lines if each["kind"] in ACTS]
    going_on = Journal(journals[-1], vault) if journals else None
    with closing(Ledger(path, vault, now, journal=going_on)) as ledger:
        with ledger.transaction() as tx:
            tx.audit("restored", "authority", "", backup=before.entries, transactions=count)
        return Restored(before, _head(ledger), count, tuple(acts))


def _in_order(journals: Sequence[Path], vault: Vault, known: int) -> Iterator[JournalEntry]:
    """Yield what came after the backup; of two entries with one number the later one counts."""
    waiting: JournalEntry | None = None
    for path in journals:
        for entry in read(path, vault):
            if entry.number <= known:
                continue
            if waiting is not None and entry.number == waiting.number + 1:
                known = waiting.number
                yield waiting
            elif entry.number != known + 1:
                raise LedgerBroken(f"the journals lack what came after transaction {known}")
            waiting = entry
    if waiting is not None:
        yield waiting


def _head(ledger: Ledger) -> AuditHead:
    with ledger.reading() as tx:
        last = tx.one("last_audit")
    return AuditHead(last["seq"], last["digest"].hex()) if last else AuditHead(0, GENESIS.hex())


def _manifest(files: dict[str, Path], head: AuditHead, ledger: Ledger) -> bytes:
    hashes = {name: _hash(path) for name, path in files.items()}
    content = json.dumps({"backup": 1, "entries": head.entries, "digest": head.digest, "files": hashes})
    return json.dumps({"content": content, "mac": ledger.digest("backup", content).hex()}).encode()


def _unpack(backup: Path, folder: Path, vault: Vault) -> None:
    try:
        with tarfile.open(backup, mode="r:") as archive:
            expected = _read_manifest(archive, vault)
            for member in archive:
                if not member.isreg() or member.name not in expected:
                    raise BackupDamaged(f"{backup} has a file that is not in its manifest")
                _write(archive, member, folder, expected.pop(member.name))
    except (tarfile.TarError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BackupDamaged(f"{backup} is damaged, or no backup of an authority") from error
    if expected:
        raise BackupDamaged(f"{backup} lacks {', '.join(sorted(expected))}")


def _read_manifest(archive: tarfile.TarFile, vault: Vault) -> dict[str, str]:
    first = archive.next()
    if first is None or first.name != MANIFEST or not first.isreg() or first.size > LARGEST_MANIFEST:
        raise BackupDamaged("the backup does not begin with its manifest")
    file = archive.extractfile(first)
    assert file is not None
    signed = json.loads(file.read())
    if vault.digest("ca.backup", signed["content"]).hex() != signed["mac"]:
        raise BackupDamaged("the manifest was changed, or belongs to another key file")
    files: dict[str, str] = json.loads(signed["content"])["files"]
    return files | {MANIFEST: ""}


def _write(archive: tarfile.TarFile, member: tarfile.TarInfo, folder: Path, expected: str) -> None:
    if not expected:  # the manifest, which was read already
        return
    source, digest = archive.extractfile(member), hashlib.sha256()
    assert source is not None
    handle = os.open(folder / member.name, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        while chunk := source.read(AT_ONCE):
            digest.update(chunk)
            file.write(chunk)
        file.flush()
        os.fsync(file.fileno())
    if digest.hexdigest() != expected:
        raise BackupDamaged(f"{member.name} in the backup was changed")


def _add(archive: tarfile.TarFile, name: str, content: bytes) -> None:
    member = tarfile.TarInfo(name)
    member.size, member.mode = len(content), 0o600
    archive.addfile(member, io.BytesIO(content))


def _plain(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """Leave out everything about the machine."""
    member.mode, member.uid, member.gid, member.uname, member.gname = 0o600, 0, 0, "", ""
    return member


def _hash(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _clear(folder: Path) -> None:
    if folder.exists():
        for each in folder.iterdir():
            each.unlink()
        folder.rmdir()
