"""How fast replies are with a long history in the database, and with a short one: no slower, whatever the tables hold.

`python -m tests.bench.long_history [--cases 100000] [--updates 10000000] [--rounds 3] [--seconds 20]
[--ground FOLDER]`. Two bots run at once and are loaded in turn, so that a busy minute of the machine hits both. The
history is inserted directly: an update, a message that it led to, sometimes a job, and for each open case an encrypted
case, a reminder and its job. It lies within the retention of updates (three days), so this bot gets forty updates a
second, day and night. Forgetting is the longest that writers wait while ten minutes of such a history are deleted.
"""

import argparse
import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import AsyncExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import msgspec

import ca
from bot.conversation.case import Case, Phase, Proof
from bot.core.clock import SystemClock
from bot.engine.retention import ROWS_AT_ONCE
from bot.issuing import key_files
from bot.settings.settings import parse
from bot.storage.queries import queries
from tests.bench.load import Figures, measured, medians
from tests.bench.meter import cpu_seconds
from tests.bench.setup import Ground, environment, ground, messenger_for, started, stopped
from tests.bench.visits import ASKERS, VisitSimulator, visit_simulator
from tests.support.local_telegram import TOKEN

YOUNG = 1_000
DAY_S = 86_400.0
#: Chats and updates of the past; nobody who acts here has such a number.
FIRST_CHAT = 1 << 40
WARM_S = 3.0
STARTS = 3
PHASES = (Phase.ASKING, Phase.PROVING, Phase.ENROLLED, Phase.ISSUED, Phase.REFUSED)
INDEXES = ("inbox_done", "outbox_gone", "jobs_gone")
#: How often the desk tidies up.
TIDY_S = 600.0

SERIES = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :many) "
PAST = (
    SERIES + "INSERT INTO inbox (update_id, lane, state, due_at, came_at) "
    "SELECT -i, 'chat:' || (:chat + i % :chats), 'done', :from + i * :gap, :from + i * :gap FROM n",
    SERIES + "INSERT INTO outbox (key, lane, state, due_at, made_at) "
    "SELECT 'p' || i || '.0', 'chat:' || (:chat + i % :chats), 'sent', :from + i * :gap, :from + i * :gap FROM n",
    SERIES + "INSERT INTO jobs (key, kind, chat_id, state, due_at, made_at) "
    "SELECT 'p' || i, 'lapse_code', :chat + i % :chats, 'done', :from + i * :gap, :from + i * :gap FROM n "
    "WHERE i % 10 = 0",
    SERIES + "INSERT INTO applications (request_id, chat_id, receipt, outcome, submitted_at, issued_at) "
    "SELECT 'p' || i, :chat + i % :chats, 'R-' || i, 'issued', :from + i * :gap, :from + i * :gap + 40 FROM n "
    "WHERE i % 10 = 0",
)
OPEN = "INSERT INTO chats VALUES (?, 'ko', 1, 1, 0, 0, ?, ?, ?)"
WATCHED = (
    "INSERT INTO reminders (chat_id, serial, issued_on, expires_on, told_until) "
    "VALUES (?, ?, '2026-01-02', '2027-01-02', ?)"
)
TO_COME = "INSERT INTO jobs (key, kind, chat_id, sealed, due_at, made_at) VALUES (?, 'remind', ?, x'00', ?, ?)"


@dataclass(frozen=True, slots=True)
class Past:
    cases: int
    updates: int


def lived(folder: Path, past: Past) -> float:
    """Put this past into the desk of that folder, and return how long forgetting holds up writers."""
    settings = parse({"TELEGRAM_TOKEN": TOKEN, "DATA_DIR": str(folder)})
    vault, now = key_files.open_vault(settings, print), time.time()
    gap = 2.9 * DAY_S / past.updates
    params = {
        "many": past.updates,
        "chat": FIRST_CHAT,
        "chats": past.cases,
        "from": now - 2.9 * DAY_S,
        "gap": gap,
    }
    with closing(sqlite3.connect(folder / "desk.db")) as desk:
        again = [
            desk.execute("SELECT sql FROM sqlite_master WHERE name = ?", (each,)).fetchone()[0] for each in INDEXES
        ]
        for pragma in ("synchronous = OFF", "cache_size = -1000000"):
            desk.execute(f"PRAGMA {pragma}")
        for each in INDEXES:
            desk.execute(f"DROP INDEX {each}")
        for statement in PAST:
            desk.execute(statement, params)
            desk.commit()
        desk.executemany(OPEN, open_cases(vault, past.cases, now))
        chats = range(FIRST_CHAT, FIRST_CHAT + past.cases)
        desk.executemany(WATCHED, ((chat, f"{chat:x}", now) for chat in chats))
        desk.executemany(TO_COME, ((f"remind:{chat}", chat, now + 30 * DAY_S + chat % 10**6, now) for chat in chats))
        for each in again:
            desk.execute(each)
        desk.commit()
        desk.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return forgetting(folder / "desk.db", now - 2.9 * DAY_S + TIDY_S)


def open_cases(vault: ca.Vault, cases: int, now: float) -> Iterator[tuple[object, ...]]:
    clock = SystemClock()
    for number in range(cases):
        chat, phase = FIRST_CHAT + number, PHASES[number % len(PHASES)]
        answers = {
            "reason": "lost",
            "state": "valid",
            "expiry": "unknown",
            "who": "self",
            "name": f"김{number}",
        }
        proof = Proof(bytes(32), bytes(16), clock.now(), f"C{number}", 5) if phase is Phase.PROVING else None
        case = Case(f"{number:016x}", chat, 12, phase, answers=answers, proof=proof)
        sealed = vault.seal(msgspec.json.encode(case), table="chats", column="case", row=str(chat))
        yield chat, sealed, phase.value, now - number % int(6 * DAY_S)


def forgetting(desk: Path, before: float) -> float:
    """Return the longest that writers wait, in seconds, while ten minutes of a three days old past are forgotten."""
    longest = 0.0
    with closing(sqlite3.connect(desk, isolation_level=None)) as connection:
        for pragma in ("synchronous = FULL", "secure_delete = ON"):
            connection.execute(f"PRAGMA {pragma}")
        for query in ("inbox_forget", "outbox_forget", "job_forget"):
            gone = ROWS_AT_ONCE
            while gone == ROWS_AT_ONCE:
                began = time.perf_counter()
                gone = connection.execute(queries()[query], {"before": before, "most": ROWS_AT_ONCE}).rowcount
                longest = max(longest, time.perf_counter() - began)
    return longest


async def starting(stage: Ground, folder: Path) -> tuple[float, float]:
    """Return the seconds from the start of a process until it takes updates, and its processor time until then."""
    async with messenger_for(stage.people[:1]) as messenger:
        began = time.perf_counter()
        async with started(
            ("tests.bench.bots", "ours"), environment(messenger, folder), folder.with_suffix(".log")
        ) as bot:
            took = time.perf_counter() - began, cpu_seconds(bot.pid)
            await stopped(bot)
            return took


async def taken_in_turn(
    stage: Ground, folders: dict[str, Path], rounds: int, seconds: float, customers: int
) -> dict[str, list[Figures]]:
    found: dict[str, list[Figures]] = {name: [] for name in folders}
    async with AsyncExitStack() as stack:
        bots: dict[str, tuple[asyncio.subprocess.Process, VisitSimulator]] = {}
        for name, folder in folders.items():
            messenger = await stack.enter_async_context(messenger_for(stage.people))
            here = stack.enter_context(visit_simulator(messenger, stage, asking=0.0))
            settings = environment(messenger, folder)
            bot = await stack.enter_async_context(
                started(("tests.bench.bots", "ours"), settings, folder.with_suffix(".log"))
            )
            bots[name] = bot, here
            await here.applies()
        for number in range(rounds):
            for name in list(folders) if number % 2 == 0 else list(folders)[::-1]:
                bot, here = bots[name]
                found[name].append(
                    await measured(bot.pid, here.tally, WARM_S, seconds, lambda s, here=here: here.full(customers, s))
                )
        for bot, here in bots.values():
            assert not here.tally.errors, here.tally.errors
            await stopped(bot)
    return found


def show(
    found: dict[str, list[Figures]], starts: dict[str, list[tuple[float, float]]], forgets: dict[str, float]
) -> None:
    print(f"\n{'':34}updates/s   p50 ms   p95 ms   p99 ms   CPU ms  peak MiB  start s (CPU)  forgetting s")
    rows = {name: medians(rounds) for name, rounds in found.items()}
    for name, each in rows.items():
        soonest = min(starts[name])
        print(
            f"{name:34}{each.updates_per_s:9.1f}{each.p50_ms:9.0f}{each.p95_ms:9.0f}{each.p99_ms:9.0f}"
            f"{each.cpu_ms:9.2f}{each.peak_mib:10.0f}{soonest[0]:9.2f} ({soonest[1]:4.2f})"
            f"{forgets[name]:14.3f}"
        )
    young, old = rows.values()
    print(
        f"{'ratio':34}{old.updates_per_s / young.updates_per_s:9.2f}{old.p50_ms / young.p50_ms:9.2f}"
        f"{old.p95_ms / young.p95_ms:9.2f}{old.p99_ms / young.p99_ms:9.2f}{old.cpu_ms / young.cpu_ms:9.2f}"
        f"{old.peak_mib / young.peak_mib:10.2f}"
    )
    for name, rounds in found.items():
        print(
            f"{name}: by round {[round(each.updates_per_s) for each in rounds]} updates/s,"
            f" {[round(each.cpu_ms, 1) for each in rounds]} ms"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--updates", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--customers", type=int, default=50)
    parser.add_argument("--ground", type=Path)
    wanted = parser.parse_args()
    pasts = {
        f"{past.cases:,} cases, {past.updates:,} updates": past
        for past in (Past(YOUNG, YOUNG), Past(wanted.cases, wanted.updates))
    }
    needed = int(ASKERS + wanted.rounds * (wanted.seconds + WARM_S) * 6 + wanted.rounds * wanted.customers)
    with ground(needed, wanted.ground) as stage, tempfile.TemporaryDirectory(prefix="past-") as name:
        folders = {title: stage.copied(Path(name) / f"past-{at}") for at, title in enumerate(pasts)}
        forgets = {title: lived(folders[title], past) for title, past in pasts.items()}
        for title, folder in folders.items():
            print(f"{title}: {(folder / 'desk.db').stat().st_size / (1 << 20):.0f} MiB", flush=True)
        starts = {
            title: [asyncio.run(starting(stage, folder)) for _ in range(STARTS)] for title, folder in folders.items()
        }
        found = asyncio.run(taken_in_turn(stage, folders, wanted.rounds, wanted.seconds, wanted.customers))
    show(found, starts, forgets)


if __name__ == "__main__":
    main()
