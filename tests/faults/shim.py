"""A file system beneath SQLite that writes down what reaches it: every write, sync, truncation and deletion, in order.

It is SQLite's own (https://www.sqlite.org/vfs.html) with four methods replaced, in the very library that Python's
`sqlite3` has loaded, so that nothing of ours is changed for it.
"""

import _sqlite3
import ctypes
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

POINTER, INT, INT64 = ctypes.c_void_p, ctypes.c_int, ctypes.c_int64
SQLITE_OK = 0
#: `SQLITE_OPEN_CREATE`, `_MAIN_JOURNAL`, `_WAL`.
CREATE, JOURNAL, LOG = 0x4, 0x800, 0x80000
FULL = re.compile(r"PRAGMA synchronous ?= ?FULL")


class Vfs(ctypes.Structure):
    """`sqlite3_vfs` up to the methods that are replaced, and whatever follows them."""

    _fields_ = (
        ("iVersion", INT),
        ("szOsFile", INT),
        ("mxPathname", INT),
        ("pNext", POINTER),
        ("zName", ctypes.c_char_p),
        ("pAppData", POINTER),
        ("xOpen", POINTER),
        ("xDelete", POINTER),
        ("rest", POINTER * 13),
    )


class Methods(ctypes.Structure):
    """`sqlite3_io_methods`, version 3."""

    _fields_ = (
        ("iVersion", INT),
        ("xClose", POINTER),
        ("xRead", POINTER),
        ("xWrite", POINTER),
        ("xTruncate", POINTER),
        ("xSync", POINTER),
        ("rest", POINTER * 13),
    )


OPEN = ctypes.CFUNCTYPE(INT, POINTER, POINTER, POINTER, INT, POINTER)
DELETE = ctypes.CFUNCTYPE(INT, POINTER, ctypes.c_char_p, INT)
CLOSE = ctypes.CFUNCTYPE(INT, POINTER)
WRITE = ctypes.CFUNCTYPE(INT, POINTER, POINTER, INT, INT64)
TRUNCATE = ctypes.CFUNCTYPE(INT, POINTER, INT64)
SYNC = ctypes.CFUNCTYPE(INT, POINTER, INT)


class Wrote(NamedTuple):
    file: str
    offset: int
    content: bytes


class Truncated(NamedTuple):
    file: str
    size: int


class Synced(NamedTuple):
    file: str
    #: Its folder too, as after the first sync of a log or a journal: names that went and came are on disk.
    folder: bool = False


class Deleted(NamedTuple):
    file: str


class Made(NamedTuple):
    """A file that is new: its name is on disk when its folder is."""

    file: str


class Committed(NamedTuple):
    """A transaction was told to be on disk: from here on somebody may have been promised what is in it."""

    file: str


Event = Wrote | Truncated | Synced | Deleted | Made | Committed


@dataclass
class Recording:
    """What happened to the databases under a folder since it began, and what they were before."""

    folder: Path
    before: dict[str, bytes] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    #: What every write is told instead of being done, a result code of SQLite's: the disk is full, say.
    refuses: int = 0

    def name(self, path: str) -> str | None:
        try:
            return str(Path(path).relative_to(self.folder))
        except ValueError:
            return None

    def take_up(self, name: str) -> None:
        path = self.folder / name
        if name not in self.before:
            self.before[name] = path.read_bytes() if path.exists() else b""


class _Shim:
    """Lives as long as the process: SQLite keeps its addresses."""

    def __init__(self) -> None:
        self.recording: Recording | None = None
        self._library = ctypes.CDLL(_sqlite3.__file__)  # looks through what that module is linked to
        find = self._library.sqlite3_vfs_find
        find.restype = ctypes.POINTER(Vfs)
        self._stock = find(None)
        assert self._stock, "SQLite's own file system"
        self._vfs = Vfs()
        ctypes.memmove(ctypes.byref(self._vfs), self._stock, ctypes.sizeof(Vfs))
        self._vfs.pNext, self._vfs.zName = None, b"recording"
        self._kept: list[Any] = []
        self._opened: dict[int, str] = {}
        self._new: set[int] = set()
        self._methods: dict[int, Methods] = {}
        stock = self._stock.contents
        self._vfs.xOpen = self._callback(OPEN, self._open_with(OPEN(stock.xOpen)))
        self._vfs.xDelete = self._callback(DELETE, self._delete_with(DELETE(stock.xDelete)))

    def install(self) -> None:
        assert self._library.sqlite3_vfs_register(ctypes.byref(self._vfs), 1) == SQLITE_OK

    def remove(self) -> None:
        assert self._library.sqlite3_vfs_unregister(ctypes.byref(self._vfs)) == SQLITE_OK
        assert self._library.sqlite3_vfs_register(self._stock, 1) == SQLITE_OK

    def _callback(self, kind: Any, function: Any) -> Any:
        made = kind(function)
        self._kept.append(made)
        return ctypes.cast(made, POINTER)

    def _open_with(self, stock: Any) -> Any:
        def opens(vfs: int, name: int | None, file: int, flags: int, out: int | None) -> int:
            path = ctypes.string_at(name).decode() if name else ""
            known = self.recording.name(path) if self.recording and path else None
            if self.recording and known is not None:
                self.recording.take_up(known)
            code: int = stock(vfs, name, file, flags, out)
            if code == SQLITE_OK and known is not None:
                place = ctypes.cast(file, ctypes.POINTER(POINTER))
                place[0] = ctypes.addressof(self._recorded(place[0]))
                self._opened[file] = known
                if flags & CREATE and flags & (JOURNAL | LOG):
                    self._new.add(file)
            return code

        return opens

    def _delete_with(self, stock: Any) -> Any:
        def deletes(vfs: int, name: bytes, sync: int) -> int:
            code: int = stock(vfs, name, sync)
            known = self.recording.name(name.decode()) if self.recording else None
            if self.recording and code == SQLITE_OK and known is not None:
                self.recording.events.append(Deleted(known))
            return code

        return deletes

    def _recorded(self, stock: int) -> Methods:
        """Return these methods with ours among them; SQLite has one table for each way of locking."""
        if stock not in self._methods:
            made = Methods.from_buffer_copy(Methods.from_address(stock))
            made.xClose = self._callback(CLOSE, self._close_with(CLOSE(made.xClose)))
            made.xWrite = self._callback(WRITE, self._write_with(WRITE(made.xWrite)))
            made.xTruncate = self._callback(TRUNCATE, self._truncate_with(TRUNCATE(made.xTruncate)))
            made.xSync = self._callback(SYNC, self._sync_with(SYNC(made.xSync)))
            self._methods[stock] = made
        return self._methods[stock]

    def _note(self, code: int, event: Event) -> int:
        if code == SQLITE_OK and self.recording:
            self.recording.events.append(event)
        return code

    def _close_with(self, stock: Any) -> Any:
        def closes(file: int) -> int:
            self._opened.pop(file, None)
            self._new.discard(file)
            code: int = stock(file)
            return code

        return closes

    def _write_with(self, stock: Any) -> Any:
        def writes(file: int, content: int, size: int, offset: int) -> int:
            event = Wrote(self._opened[file], offset, ctypes.string_at(content, size))
            if self.recording and self.recording.refuses:
                return self.recording.refuses
            return self._note(stock(file, content, size, offset), event)

        return writes

    def _truncate_with(self, stock: Any) -> Any:
        def truncates(file: int, size: int) -> int:
            return self._note(stock(file, size), Truncated(self._opened[file], size))

        return truncates

    def _sync_with(self, stock: Any) -> Any:
        def syncs(file: int, flags: int) -> int:
            code: int = stock(file, flags)
            if code == SQLITE_OK:
                self._note(code, Synced(self._opened[file], file in self._new))
                self._new.discard(file)
            return code

        return syncs


_SHIMS: list[_Shim] = []


@contextmanager
def recording(folder: Path, synchronous: str = "") -> Iterator[Recording]:
    """Record every database under this folder that is opened from now on, in this process.

    `synchronous` is a planted fault: what every connection gets that asks for FULL.
    """
    if not _SHIMS:
        _SHIMS.append(_Shim())
    shim, made = _SHIMS[0], Recording(folder.resolve())
    stock = sqlite3.connect

    class Connection(sqlite3.Connection):
        """Whatever of ours commits says so by these words."""

        def execute(self, sql: str, /, *values: Any) -> sqlite3.Cursor:
            careless = synchronous and FULL.fullmatch(sql)
            done = super().execute(f"PRAGMA synchronous = {synchronous}" if careless else sql, *values)
            if sql == "COMMIT":
                place = super().execute("PRAGMA database_list").fetchone()[2]
                name = made.name(place)
                if name is not None:
                    made.events.append(Committed(name))
            return done

    def connect(database: Any, **options: Any) -> sqlite3.Connection:
        return stock(database, **{"factory": Connection, **options})

    shim.recording = made
    shim.install()
    sqlite3.connect = connect  # type: ignore[assignment]
    try:
        yield made
    finally:
        sqlite3.connect = stock
        shim.remove()
        shim.recording = None
