"""The authority's journal is no database: what it asks of the system is written down among what SQLite does."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from ca.ledger import journal
from tests.faults.shim import Made, Recording, Synced, Wrote

#: No file: all names of the journal's folder, which is another than the databases'.
NAMES = "journal/names"


class _System:
    """`os`, as far as the journal uses it, and the rest of it."""

    def __init__(self, record: Recording) -> None:
        self._record = record
        self._open: dict[int, str] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(os, name)

    def open(self, path: Path, flags: int, mode: int) -> int:
        known, new = self._record.name(str(path)), not path.exists()
        handle = os.open(path, flags, mode)
        if known is not None:
            self._open[handle] = known
            self._record.before.setdefault(known, b"" if new else path.read_bytes())
            if new:
                self._record.events.append(Made(known))
        return handle

    def write(self, handle: int, content: bytes) -> int:
        offset, done = os.lseek(handle, 0, os.SEEK_END), os.write(handle, content)
        self._record.events.append(Wrote(self._open[handle], offset, content[:done]))
        return done

    def fdatasync(self, handle: int) -> None:
        os.fdatasync(handle)
        self._record.events.append(Synced(self._open[handle]))

    def sync_folder(self, folder: Path) -> None:
        if self._record.name(str(folder / "names")) == NAMES:
            self._record.events.append(Synced(NAMES, folder=True))


@contextmanager
def journalled(record: Recording) -> Iterator[None]:
    system = _System(record)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal, "os", system)
        patch.setattr(journal, "sync_folder", system.sync_folder)
        yield
