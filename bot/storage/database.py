"""The port to a database. A unit of work is a plain function over a transaction: no `await` can get inside."""

import logging
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from bot.core.clock import Clock

logger = logging.getLogger(__name__)
T = TypeVar("T")


class DatabaseUnusable(Exception):
    """The database's address is wrong, or it cannot be opened as a database of ours."""


class Row(Protocol):
    """A row, by column name or by index."""

    def __getitem__(self, key: Any, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...

    def keys(self) -> Iterable[str]: ...


class Transaction(ABC):
    """A transaction: named queries in, rows out."""

    def __init__(self) -> None:
        #: Called after the commit, in the caller's event loop: wakes workers that wait for the new rows.
        self.after: list[Callable[[], None]] = []
        #: Rows written by each named query; counted only while they are logged.
        self.writes: Counter[str] | None = None
        if logger.isEnabledFor(logging.DEBUG):
            self.writes = Counter()
            self.after.append(self._log_writes)

    def _log_writes(self) -> None:
        if self.writes:
            logger.debug("unit committed", extra={"writes": dict(self.writes)})

    def _count(self, query: str, rows: int) -> int:
        if self.writes is not None and rows > 0:
            self.writes[query] += rows
        return rows

    @abstractmethod
    def run(self, query: str, **params: Any) -> int:
        """Return how many rows were changed."""

    def write(self, query: str, **params: Any) -> None:
        """Run it without asking how many rows changed. A later call, or the commit, may raise its error.

        A server's answer is not waited for.
        """
        self.run(query, **params)

    @abstractmethod
    def row(self, query: str, **params: Any) -> Row | None: ...

    @abstractmethod
    def rows(self, query: str, **params: Any) -> Sequence[Row]: ...

    @abstractmethod
    def run_many(self, query: str, params: Iterable[dict[str, Any]]) -> None:
        """Write many times; as with `write`, an error may be raised later."""


Unit = Callable[[Transaction], T]


class Database(Protocol):
    """Units may run in parallel; each sees the others' writes whole or not at all, and is rerun after a conflict."""

    #: Deleted data could not be removed from every file yet: ask again later.
    traces_left: bool
    #: The clock for due times and leases that all processes of this database share.
    clock: Clock
    #: The seconds by which leases are counted; no jump of a wall clock affects them.
    steady: Callable[[], float]

    async def unit(self, work: Unit[T]) -> T:
        """Run this function whole and return once it is on disk, or raise its error and undo all of it.

        The caller may be cancelled: the work is finished in any case.
        """
        ...

    async def erase_traces(self) -> None:
        """Remove deleted data from every file that the database keeps."""
        ...

    async def close(self) -> None: ...
