"""The steps of an authority's process, and its death at one of them.

A step is a statement of the ledger's connections, a call that writes, syncs or renames a file, and the moments before
and after a signature. It is counted before it is done. A line of the journal is also cut off in the middle.
"""

import hashlib
import os
import signal
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from ca.keys.signer import SoftSigner

#: Calls of `os` that change something outside the ledger: lines of the journal, and key files.
CALLS = ("fsync", "fdatasync", "link", "replace", "unlink")


class Steps:
    """Counts steps from `begin` on and kills the process at step `dies_at`; 0 kills never.

    Without `reads`, it does not die before a query: that leaves the same state as before the next write.
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
        """Hook everything that this process does; it is a child that does nothing else."""
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
        """Log everything that is signed."""
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
        """Write half of the line. The caller writes the rest, as it must after a short write."""
        self.take()
        half = len(content) // 2
        return self._write(handle, content[:half]) if half else self._write(handle, content)

    def _note(self, spki: bytes, message: bytes) -> None:
        """Log what the signer was given to a file outside the ledger, before the signature exists."""
        told = f"{hashlib.sha256(spki).hexdigest()} {hashlib.sha256(message).hexdigest()} {message.hex()}"
        line = f"\n{told}\n".encode()
        handle = os.open(self._log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        self._write(handle, line)
        self._sync(handle)
        os.close(handle)
