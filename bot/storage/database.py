"""The port to a database: a unit of work is a plain function over a transaction, so no `await` can get inside one."""

import logging
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Protocol, TypeVar

from bot.core.clock import Clock

logger = logging.getLogger(__name__)
T = TypeVar("T")


class DatabaseUnusable(Exception):
    """The database's address is wrong, or it cannot be opened as one of ours."""


class Row(Protocol):
    """A row, by the name of a column or by its place."""

    def __getitem__(self, key: Any, /) -> Any: ...

    def __iter__(self) -> Iterator[Any]: ...

    def keys(self) -> Iterable[str]: ...


class Transaction(ABC):
    """A named query in, rows out."""

    def __init__(self) -> None:
        #: Called after the commit, in the caller's event loop: to wake whoever waits for what was written.
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
        """Return how many rows were touched."""

    def write(self, query: str, **params: Any) -> None:
        """Run it without asking how many: what is wrong with it may be told by a later call, or by the commit.

        Where an answer takes a trip to a server, this one is not waited for.
        """
        self.run(query, **params)

    @abstractmethod
    def row(self, query: str, **params: Any) -> Row | None: ...

    @abstractmethod
    def rows(self, query: str, **params: Any) -> Sequence[Row]: ...

    @abstractmethod
    def run_many(self, query: str, params: Iterable[dict[str, Any]]) -> None:
        """Write many times; as with `write`, what is wrong may be told later."""


Unit = Callable[[Transaction], T]


class Database(Protocol):
    """Units may run side by side; each sees the others' whole or not at all, and is run again where two collide."""

    #: Something that was erased could not be taken out of every file yet: whoever tidies up asks once more.
    traces_left: bool
    #: The time by which all who share this database lease, wait and lapse.
    clock: Clock
    #: The seconds by which leases are counted, which no jump of a wall clock moves.
    steady: Callable[[], float]

    async def unit(self, work: Unit[T]) -> T:
        """Run this function whole and return once it is on disk, or raise what it raised and leave nothing of it.

        Whoever awaits may be cancelled: the work is done whole in any case.
        """
        ...

    async def erase_traces(self) -> None:
        """Take what was deleted out of every file that the database keeps."""
        ...

    async def close(self) -> None: ...
