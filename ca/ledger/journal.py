"""The journal: every transaction a second time, in a file outside the ledger and its backups.

A line is written and synced before its transaction commits. So a ledger that is restored from yesterday's backup can be
brought up to the last moment by replaying the journal: nothing issued, revoked or promised since is lost, and no serial
number is used again. Lines are encrypted with the vault's key: a reader sees their number and nothing else.
"""

import base64
import json
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ca.ledger.vault import SealBroken, Vault
from ca.values.disk import sync_folder
from ca.values.refusals import CaRefusal, LedgerBroken

PLACE = {"table": "ca.journal", "column": "record"}
#: A line is some kilobytes; the largest keeps a revocation list.
TAIL_BYTES = 1 << 16

Write = tuple[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class JournalEntry:
    number: int
    """Of the transaction, in the ledger's count of all that wrote."""
    writes: tuple[Write, ...]
    """Named statements and their values, in order."""


class Journal:
    """The caller holds the ledger's write lock, so that lines of several processes do not mix."""

    def __init__(self, path: Path, vault: Vault) -> None:
        self._path = path
        self._vault = vault

    def append(self, number: int, writes: Sequence[Write]) -> None:
        """Write one line, and return when it is on disk; raise `CaRefusal` R14 if it cannot be written now."""
        sealed = self._vault.seal(_encoded(writes), row=str(number), **PLACE)
        line = b"%d %s\n" % (number, base64.b64encode(sealed))
        try:
            # Opened each time, so that a file that was moved away for safekeeping is left alone.
            handle = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o600)
            try:
                new = os.fstat(handle).st_size == 0
                _write(handle, _ending(handle) + line)
                os.fdatasync(handle)
                if new:  # Otherwise a power cut may remove its name, and all its lines.
                    sync_folder(self._path.parent)
            finally:
                os.close(handle)
        except OSError as error:
            raise CaRefusal("R14", reason="journal_not_available") from error

    def last(self) -> int:
        """Return the number of the last line, or 0. A ledger with a lower count is an older copy."""
        try:
            with self._path.open("rb") as file:
                size, tail = file.seek(0, os.SEEK_END), TAIL_BYTES
                while True:
                    file.seek(max(0, size - tail))
                    lines = file.read().split(b"\n")[:-1]
                    whole = lines if tail >= size else lines[1:]
                    if whole or tail >= size:
                        return max((_number(line) for line in whole[-2:]), default=0)
                    tail *= 16
        except FileNotFoundError:
            return 0


def read(path: Path, vault: Vault) -> Iterator[JournalEntry]:
    """Yield the entries of a journal file; raise `LedgerBroken` at a line that was changed or is missing.

    A line that a power cut cut off was never committed: it is skipped, and the next line has its number again.
    """
    before: int | None = None
    unreadable = b""
    with path.open("rb") as file:
        for line in file:
            entry = _entry(line, vault)
            if entry is None:
                unreadable = line
                continue
            # The same number twice: the first did not commit, because the disk was full or the process died.
            if before is not None and entry.number not in {before, before + 1}:
                raise LedgerBroken(f"the journal {path.name} lacks what came after transaction {before}")
            unreadable, before = b"", entry.number
            yield entry
    if unreadable.endswith(b"\n"):
        raise LedgerBroken(f"the journal {path.name} is damaged after transaction {before}")


def _entry(line: bytes, vault: Vault) -> JournalEntry | None:
    try:
        number = _number(line)
        sealed = base64.b64decode(line.rstrip(b"\n").partition(b" ")[2], validate=True)
        values = json.loads(vault.open(sealed, row=str(number), **PLACE))
    except (ValueError, SealBroken):
        return None
    return JournalEntry(
        number, tuple((name, {key: _decoded(each) for key, each in row.items()}) for name, row in values)
    )


def _number(line: bytes) -> int:
    digits = line.partition(b" ")[0]
    return int(digits) if digits.isdigit() else 0


def _write(handle: int, content: bytes) -> None:
    while content:
        content = content[os.write(handle, content) :]


def _ending(handle: int) -> bytes:
    """Return the line end that a torn last line lacks."""
    size = os.lseek(handle, 0, os.SEEK_END)
    return b"\n" if size and os.pread(handle, 1, size - 1) != b"\n" else b""


def _encoded(writes: Sequence[Write]) -> bytes:
    return json.dumps(writes, default=lambda value: [base64.b64encode(value).decode()]).encode()


def _decoded(value: Any) -> Any:
    """Bytes are a list of one text: nothing else in a row is a list."""
    return base64.b64decode(value[0]) if isinstance(value, list) else value
