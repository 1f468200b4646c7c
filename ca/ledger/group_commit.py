"""Group commit: transactions of several threads go to disk with one commit, and each returns after it.

A thread that finds others waiting passes the open transaction on; the last one commits. Nobody waits for a timer, so a
single thread works as without it. A failing member is undone alone; a failing commit fails for all.
"""

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from ca.ledger.journal import Write

#: The most that share a commit: other processes wait for the write lock, too.
MOST_TOGETHER = 32


class CommitGroup:
    """What is committed together, in the order it was done."""

    def __init__(self) -> None:
        self.members = 0
        self.writes: list[Write] = []
        self.error: BaseException | None = None
        self.ended = False


class GroupCommit:
    """The one connection that writes. `note` is called with a group's writes before its commit."""

    def __init__(self, connection: sqlite3.Connection, note: Callable[[sqlite3.Connection, list[Write]], None]) -> None:
        self.connection = connection
        self._note = note
        self._lock = threading.Lock()
        self._free = threading.Condition(self._lock)
        self._over = threading.Condition(self._lock)
        self._busy = False
        self._owner: int | None = None
        self._waiting = 0
        self._group: CommitGroup | None = None

    def close(self) -> None:
        """Close the connection when the thread that uses it is done."""
        self._take_turn()
        try:
            if self._group is not None:
                self._end(self._group)
            self.connection.close()
        finally:
            self._give_turn()

    @contextmanager
    def member(self, writes: list[Write]) -> Iterator[None]:
        """Let the caller work alone on the connection; return when its writes are on disk.

        An error of its own undoes its own work and is raised when the group has ended; an error of the commit is raised
        in every member.
        """
        group = self._join()
        try:
            yield
            group.writes += writes
        except BaseException as error:
            self._undo(group, error)
            raise
        finally:
            self._settle(group)

    def _join(self) -> CommitGroup:
        self._take_turn()
        try:
            if self._group is None:
                self._begin()
                self._group = CommitGroup()
            else:
                self.connection.execute("SAVEPOINT member")
            self._group.members += 1
        except BaseException:
            self._give_turn()
            raise
        return self._group

    def _take_turn(self) -> None:
        if self._owner == threading.get_ident():
            raise RuntimeError("a transaction within a transaction would wait for itself")
        with self._lock:
            self._waiting += 1
            try:
                self._free.wait_for(lambda: not self._busy)
                self._busy, self._owner = True, threading.get_ident()
            finally:
                self._waiting -= 1
                if not self._busy:  # Interrupted: this thread's turn goes to another.
                    self._wake()

    def _give_turn(self) -> None:
        with self._lock:
            self._busy, self._owner = False, None
            self._wake()

    def _wake(self) -> None:
        if self._waiting:
            self._free.notify()
        else:
            self._over.notify()  # The group is left to its members: any of them ends it.

    def _undo(self, group: CommitGroup, error: BaseException) -> None:
        """Undo what this member did, and nothing else."""
        if group.members > 1 and self.connection.in_transaction:
            self.connection.execute("ROLLBACK TO member")
        else:  # The first member is alone so far; or SQLite rolled back the whole transaction, also the others' work.
            group.error = error

    def _settle(self, group: CommitGroup) -> None:
        """End the group if nobody else joins it, or wait until somebody has ended it."""
        with self._lock:
            self._busy, self._owner = False, None
            while not group.ended:
                complete = group.error is not None or group.members >= MOST_TOGETHER or not self._waiting
                if complete and not self._busy:
                    self._busy = True
                    break
                if not self._busy:
                    self._free.notify()
                self._over.wait()
        if not group.ended:
            self._end(group)
            self._give_turn()
        if group.error is not None:
            raise group.error

    def _end(self, group: CommitGroup) -> None:
        try:
            if group.error is None:
                if group.writes:
                    self._note(self.connection, group.writes)
                self._commit()
        except BaseException as error:  # noqa: BLE001 - whatever it is, it is raised in every member
            group.error = error
        finally:
            try:
                if self.connection.in_transaction:
                    self.connection.execute("ROLLBACK")
            finally:
                with self._lock:
                    group.ended, self._group = True, None
                    self._over.notify_all()

    def _begin(self) -> None:
        self.connection.execute("BEGIN IMMEDIATE")

    def _commit(self) -> None:
        self.connection.execute("COMMIT")
