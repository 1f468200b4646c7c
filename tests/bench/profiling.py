"""Where a process spends its time: own time of every function on every thread, and its sum by kind of work.

The clock is the thread's processor time: waiting for a socket, a disk or the interpreter lock costs nothing.
"""

import cProfile
import pstats
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

TOP = 40
#: A function belongs to the first group with a mark in its file or name.
GROUPS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("RSA key generation", ("generate_private_key", "ca/files/material")),
    ("SQLite", ("sqlite3", "aiosqlite", "bot/store/")),
    (
        "crypto and sealing",
        ("cryptography", "_rust", "load_der_", "vault", "hmac", "hashlib", "ca/pbes", "ca/files"),
    ),
    ("JSON and msgspec", ("/json/", "_json", "msgspec")),
    ("authority", ("/ca/",)),
    ("Telegram library", ("telegram/",)),
    ("HTTP", ("aiohttp", "yarl", "multidict", "urllib", "handlers/transport", "email", "smtp")),
    ("words and rendering", ("bot/words", "babel", "handlers/render")),
    ("questions and rules", ("bot/faq", "bot/forbidden", "bot/parse")),
    ("our own code", ("/bot/", "/handlers/")),
    ("asyncio and sockets", ("asyncio", "selectors", "select.", "socket", "concurrent/futures", "threading")),
    ("logging", ("logging",)),
)
REST = "the rest"
Place = tuple[str, int, str]


@contextmanager
def profiled(path: str | None) -> Iterator[Callable[[], None]]:
    """Write the report there at the end; do nothing without a path. This thread counts from the signal on."""
    if not path:
        yield lambda: None
        return
    own = cProfile.Profile(time.thread_time)
    profiles = [own]
    run = threading.Thread.run

    def profiling(thread: threading.Thread) -> None:
        with started(profiles):
            run(thread)

    threading.Thread.run = profiling  # type: ignore[method-assign]
    try:
        yield own.enable
    finally:
        own.disable()
        threading.Thread.run = run  # type: ignore[method-assign]
        Path(path).write_text(report(profiles), encoding="utf-8")


@contextmanager
def started(profiles: list[cProfile.Profile]) -> Iterator[None]:
    profile = cProfile.Profile(time.thread_time)
    profiles.append(profile)
    profile.enable()
    try:
        yield
    finally:
        profile.disable()


def report(profiles: list[cProfile.Profile]) -> str:
    stats = pstats.Stats(profiles[0])
    for each in profiles[1:]:
        stats.add(each)
    table: dict[Place, Any] = stats.stats  # type: ignore[attr-defined]
    groups: Counter[str] = Counter()
    for place, (_, _, own, _, callers) in table.items():
        groups.update(shares(place, own, callers))
    whole = sum(groups.values())
    lines = [f"{whole:.2f} s of processor time, profiled", ""]
    lines += [f"{own / whole:6.1%} {own:8.3f} s  {name}" for name, own in groups.most_common()]
    lines += ["", "own time, calls, function"]
    top = sorted(table.items(), key=lambda each: each[1][2], reverse=True)[:TOP]
    lines += [f"{row[2] / whole:6.1%} {row[2]:8.3f} s {row[1]:9}  {written(place)}" for place, row in top]
    return "\n".join(lines)


def shares(place: Place, own: float, callers: dict[Place, Any]) -> dict[str, float]:
    """Give a function's own time to its group; time of shared functions goes to the groups of their callers."""
    group = group_of(place)
    if group != REST:
        return {group: own}
    parts: Counter[str] = Counter()
    for caller, (_, _, spent, _) in callers.items():
        parts[group_of(caller)] += spent
    parts[REST] += own - sum(parts.values())
    return parts


def group_of(place: Place) -> str:
    name = written(place)
    return next((group for group, marks in GROUPS if any(mark in name for mark in marks)), REST)


def written(place: Place) -> str:
    file, line, name = place
    return f"{file.split('site-packages/')[-1]}:{line} {name}"
