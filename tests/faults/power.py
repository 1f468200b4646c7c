"""Power cuts: what was reported as stored is on disk after any of them, and nothing is there by half.

The whole application works while each write and sync of its databases is recorded. The power then fails at any moment
of
the record, and what comes back is compared: it is the state after the last commit that was reported, or after the one
that was under way. So no promise to a customer, or to the other database, is broken.

`python -m tests.faults.power --cuts 10000` for all of it.
"""

import argparse
import asyncio
import hashlib
import sqlite3
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import cast

from ca.ledger.journal import Journal
from ca.ledger.ledger import statements
from ca.ledger.vault import Vault
from tests.faults.power_cuts import Disk, Image, fate, lay_down, whole
from tests.faults.scenes import DESK, JOURNAL, LEDGER, SCENES
from tests.faults.shim import Committed, Recording, Synced

#: What the bot has told its customers, and what its authority must then know.
ISSUED = "SELECT serial FROM applications WHERE serial IS NOT NULL"
KNOWN = "SELECT serial FROM certificate"
SHOWN = 10
NO_VAULT = cast("Vault", None)  # a line's number is not sealed


@dataclass(frozen=True, slots=True)
class State:
    """What one finds in a database."""

    digest: bytes
    faults: tuple[str, ...]
    serials: frozenset[int]
    #: How many transactions the authority counts.
    number: int = 0


@dataclass
class Line:
    """One database along the record: what it was at its last commit, and who waits for the next one."""

    last: Image
    #: How many transactions there were before the record.
    began: int = 0
    waiting: list[tuple[int, State]] = field(default_factory=list)


@dataclass
class Verdict:
    cuts: int = 0
    problems: list[str] = field(default_factory=list)
    #: What the cuts were like; one that met nothing unsynced proves nothing.
    kinds: Counter[str] = field(default_factory=Counter)


class Bench:
    """Looks into databases with SQLite as it comes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: dict[bytes, State] = {}

    def state(self, name: str, image: Image) -> State:
        key = hashlib.blake2b(name.encode())
        for file, content in sorted(image.items()):
            key.update(b"%s %d " % (file.encode(), len(content)))
            key.update(content)
        found = self._known.get(key.digest())
        if found is None:
            lay_down(image, self._folder)
            found = self._known[key.digest()] = _state(self._folder / name)
        return found

    def noted(self, image: Image) -> int:
        """Return how many transactions the journal tells of."""
        (path := self._folder / "journal").write_bytes(image.get(JOURNAL, b""))
        return Journal(path, NO_VAULT).last()


def _state(path: Path) -> State:
    try:
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA synchronous = OFF")  # nothing of what is done here shall last
            faults = [row[0] for row in connection.execute("PRAGMA integrity_check")]
            faults += [f"{row[0]} lacks its {row[2]}" for row in connection.execute("PRAGMA foreign_key_check")]
            digest = hashlib.blake2b()
            for line in _content(connection):
                digest.update(line.encode())
            serials = frozenset(_serials(connection, ISSUED if path.name == DESK else KNOWN))
            number = 0 if path.name == DESK else connection.execute(statements()["last_transaction"]).fetchone()[0]
    except sqlite3.Error as error:
        return State(b"", (f"{type(error).__name__}: {error}",), frozenset())
    return State(digest.digest(), tuple(each for each in faults if each != "ok"), serials, number)


def _serials(connection: sqlite3.Connection, query: str) -> list[int]:
    if not connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
        return []  # it was made just now
    return [int(row[0], 16) for row in connection.execute(query)]


def _content(connection: sqlite3.Connection) -> Iterator[str]:
    yield str(connection.execute("PRAGMA user_version").fetchone())
    tables = connection.execute("SELECT name, sql FROM sqlite_schema ORDER BY type, name").fetchall()
    yield str(tables)
    for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name").fetchall():
        yield from (repr(row) for row in connection.execute(f'SELECT * FROM "{name}"'))


def of(name: str, image: Image) -> Image:
    """Return the files of one database: itself, its log, its journal."""
    return {file: content for file, content in image.items() if file.startswith(name)}


def cut(record: Recording, cuts: int, seed: int, bench: Bench) -> Verdict:
    """Cut the power at so many moments, and compare each database with what it was at its commits."""
    random, verdict, events = Random(seed), Verdict(), record.events
    disk = Disk({name: bytearray(content) for name, content in record.before.items()})
    names = [name for name in (DESK, LEDGER) if name in record.before]
    lines = {name: Line(of(name, disk.after(whole))) for name in names}
    if LEDGER in lines:
        lines[LEDGER].began = bench.state(LEDGER, lines[LEDGER].last).number
    moments = Counter(random.randrange(len(events) + 1) for _ in range(cuts))
    for place in range(len(events) + 1):
        for _ in range(moments[place]):
            _cut_here(place, disk, lines, bench, random, verdict)
        if place == len(events):
            break
        disk.play(events[place])
        done = events[place]
        if isinstance(done, Committed) and done.file in lines:
            line, image = lines[done.file], of(done.file, disk.after(whole))
            _judge(done.file, line, bench, verdict, bench.state(done.file, image) if line.waiting else None)
            line.last = image
    for name, line in lines.items():
        _judge(name, line, bench, verdict, None)
    return verdict


def _cut_here(place: int, disk: Disk, lines: dict[str, Line], bench: Bench, random: Random, verdict: Verdict) -> None:
    image = disk.after(fate(random), random.random())
    found = {name: bench.state(name, of(name, image)) for name in lines}
    verdict.cuts += 1
    verdict.kinds["with something unsynced"] += bool(disk.open)
    for name, state in found.items():
        lines[name].waiting.append((place, state))
    if LEDGER in found:
        _journal(place, lines[LEDGER], found[LEDGER], bench.noted(image), verdict)
    if len(found) == len((DESK, LEDGER)) and not found[DESK].serials <= found[LEDGER].serials:
        verdict.problems.append(f"after event {place} the desk knows of certificates that the authority does not")


def _journal(place: int, line: Line, found: State, noted: int, verdict: Verdict) -> None:
    """A line is on disk before its transaction, which may then not have come to its commit."""
    if found.number > line.began and not found.number <= noted <= found.number + 1:
        verdict.problems.append(f"after event {place} the ledger counts {found.number}, and its journal {noted}")


def _judge(name: str, line: Line, bench: Bench, verdict: Verdict, following: State | None) -> None:
    """Hold what was found since the last commit against it, and against the one that has just come about."""
    if not line.waiting:
        return
    last = bench.state(name, line.last)
    for place, state in line.waiting:
        if state.faults:
            verdict.problems.append(f"after event {place} {name} is broken: {'; '.join(state.faults)[:200]}")
        elif state.digest == last.digest:
            verdict.kinds["as at the last commit"] += 1
        elif following is not None and state.digest == following.digest:
            verdict.kinds["with the commit that was under way"] += 1
        else:
            verdict.problems.append(f"after event {place} {name} is not what it was at the last commit")
    line.waiting.clear()


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else None)
    parser.add_argument("--cuts", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--synchronous", default="", help="plant this setting instead of FULL: NORMAL, OFF")
    chosen = parser.parse_args(arguments)
    failed = 0
    for name, scene in SCENES.items():
        with tempfile.TemporaryDirectory() as folder:
            began = time.monotonic()
            record = asyncio.run(scene(Path(folder) / "made", chosen.synchronous))
            (scratch := Path(folder) / "scratch").mkdir()
            verdict = cut(record, chosen.cuts // len(SCENES), chosen.seed, Bench(scratch))
        syncs = sum(isinstance(each, Synced) for each in record.events)
        commits = sum(isinstance(each, Committed) for each in record.events)
        print(
            f"{name}: {commits} commits, {syncs} syncs, {len(record.events)} events; {verdict.cuts} cuts"
            f" in {time.monotonic() - began:.0f} s: {len(verdict.problems)} problems; {dict(verdict.kinds)}"
        )
        for each in verdict.problems[:SHOWN]:
            print(f"  {each}")
        failed += len(verdict.problems)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
