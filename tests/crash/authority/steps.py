"""What a process of the authority does, step by step, and its death at one of them.

A step is a statement of the ledger's connections, a call that writes, syncs or names a file, and either side of a
signature. It is counted before it is done, and a line of the journal is torn in the middle once more.
"""

import hashlib
import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ca.keys.signer import SoftSigner

#: Calls of `os` that change something outside the ledger: the journal's lines, and key files written whole.
CALLS = ("fsync", "fdatasync", "link", "replace", "unlink")


class Steps:
    """Counts from `begin` on; the process is killed at step `dies_at`, and by none if that is 0.

    Without `reads` no death comes just before a query: it leaves what the one before the next writing leaves.
    """

    def __init__(self, log: Path, dies_at: int = 0, *, reads: bool = True) -> None:
        self.taken = 0
        self._reads = reads
        self._log = log
        self._dies_at = dies_at
        self._counts = False
        self._write, self._sync = os.write, os.fsync

    def begin(self) -> None:
        self._counts = True

    def end(self) -> None:
        self._counts = False

    def take(self, statement: str = "") -> None:
        if self._counts and (self._reads or not statement.startswith("SELECT")):
            self.taken += 1
            if self.taken == self._dies_at:
                os.kill(os.getpid(), signal.SIGKILL)

    def watch(self) -> None:
        """Take hold of everything that this process will do; it is a child that does nothing else."""
        connect = sqlite3.connect

        def connected(*args: Any, **options: Any) -> Any:
            connection = connect(*args, **options)
            connection.set_trace_callback(self.take)
            return connection

        module: Any = sqlite3
        module.connect = connected
        module = os
        module.write = self._torn
        self.listen()
        for name in CALLS:
            setattr(os, name, self._counted(getattr(os, name)))

    def listen(self) -> None:
        """Have all that is signed told to the log."""
        sign = SoftSigner.sign

        def signed(signer: SoftSigner, message: bytes) -> bytes:
            self.take()
            self._note(signer.spki, message)
            signature = sign(signer, message)
            self.take()
            return signature

        SoftSigner.sign = signed  # type: ignore[method-assign,assignment]

    def _counted(self, call: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*args: Any, **options: Any) -> Any:
            self.take()
            return call(*args, **options)

        return counted

    def _torn(self, handle: int, content: bytes) -> int:
        """Write half: whoever calls goes on with the rest, as they must."""
        self.take()
        half = len(content) // 2
        return self._write(handle, content[:half]) if half else self._write(handle, content)

    def _note(self, spki: bytes, message: bytes) -> None:
        """Tell a file outside the ledger what the signer was given, before the signature exists."""
        told = f"{hashlib.sha256(spki).hexdigest()} {hashlib.sha256(message).hexdigest()} {message.hex()}"
        line = f"\n{told}\n".encode()
        handle = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._write(handle, line)
        self._sync(handle)
        os.close(handle)
