"""A rolling upgrade under traffic: the first release is stopped as an operator does, and the present one takes over.

`python -m tests.bench.upgrade [--customers 60] [--rounds 3] [--first COMMIT]`. The first release is taken from git:
its own code makes the keys, the register and the old certificates, and serves until all customers are in the middle of
their application. Reported are errors that customers saw, who was not served, what was left open, and the longest gap.
"""

import argparse
import asyncio
import csv
import io
import os
import random
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from bot.identity.register import CustomerRecord
from bot.issuing import key_files
from bot.settings.settings import parse
from bot.storage.queries import migrations
from handlers.local import LocalMessenger
from tests.bench.setup import ROOT, Ground, environment, messenger_for, started, stopped
from tests.bench.visits import ASKERS, VisitSimulator, visit_simulator
from tests.support.customers import crowd
from tests.support.local_telegram import OLD_DAYS_LEFT, TOKEN

FIRST_SCHEMA = "bot/store/migrations/0001_first.sql"
PACE_S = 0.8
ARRIVING_S = 20.0
#: By then some have hardly begun, and some have their certificate.
MIDDLE_S = 22.0
PATIENCE_S = 240.0
FURNISH = """
import functools, sys
from bot.__main__ import main
from ca import signer
signer.open_key_file = functools.cache(signer.open_key_file)
def done(*command):
    try:
        main(command)
    except SystemExit as ended:
        if ended.code:
            raise
register, begin, end, *customers = sys.argv[1:]
done("customers", "import", register)
for each in customers:
    done("ca", "issue", "--customer", each, "--not-before", begin, "--not-after", end)
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    served: int
    customers: int
    asked: int
    errors: int  #: Screens that report an error.
    undone: int  #: Updates, messages and jobs that were parked, given up, or wait although they are due.
    missing: int  #: Updates that were sent and are in no row.
    wrong: int  #: Customers without exactly one good certificate beside the revoked one.
    phases: str  #: Phases of the cases when the first release ended.
    down_s: float  #: Seconds from the first release's end until the present one was ready.
    longest_s: float  #: The longest time from an action to its reply.


def first_release() -> str:
    """Return the commit since which the first schema is unchanged."""
    asked = ("git", "log", "-1", "--format=%h", "--", FIRST_SCHEMA)
    return subprocess.run(asked, cwd=ROOT, check=True, capture_output=True, text=True).stdout.strip()


def taken_out(commit: str, folder: Path) -> Path:
    packed = subprocess.run(("git", "archive", commit), cwd=ROOT, check=True, capture_output=True).stdout
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")
    return folder


def furnished(release: Path, data: Path, people: Sequence[CustomerRecord]) -> None:
    """Let the release make everything that it runs on later."""
    register = release / "register.csv"
    rows = [{**msgspec.structs.asdict(each), "kind": "personal"} for each in people]
    with register.open("w", encoding="utf-8", newline="") as file:
        table = csv.DictWriter(file, list(rows[0]))
        table.writeheader()
        table.writerows(rows)
    end = datetime.now(UTC).date() + timedelta(days=OLD_DAYS_LEFT)
    command = (sys.executable, "-c", FURNISH, str(register), str(end - timedelta(days=365)), str(end))
    settings = {**os.environ, "REISSUE_DATA_DIR": str(data), "REISSUE_TELEGRAM_TOKEN": TOKEN}
    subprocess.run(
        (*command, *(each.customer_id for each in people[ASKERS:])),
        cwd=release,
        env=settings,
        check=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


async def upgraded(release: Path, stage: Ground, folder: Path, applicants: int, seed: int) -> Outcome:
    stage.copied(folder)
    journal = folder.with_suffix(".log")
    async with messenger_for(stage.people) as messenger:
        with visit_simulator(messenger, stage, asking=0.4) as here:
            settings = environment(messenger, folder)
            async with asyncio.TaskGroup() as group, asyncio.timeout(PATIENCE_S):
                async with started(("bot", "run"), settings, journal, release) as bot:
                    coming = group.create_task(come(here, applicants, random.Random(seed)))
                    await asyncio.sleep(MIDDLE_S + seed)
                    await stopped(bot)
                began, phases = time.perf_counter(), phases_in(folder)
                async with started(("bot", "run"), settings, journal) as bot:
                    down = time.perf_counter() - began
                    asked = await coming
                    await settled(messenger, folder)
                    await stopped(bot)
            return judged(here, stage, folder, Seen(applicants, asked, phases, down, messenger.stats.updates))


@dataclass(frozen=True, slots=True)
class Seen:
    applicants: int
    asked: int
    phases: str
    down_s: float
    updates: int


async def come(here: VisitSimulator, applicants: int, dice: random.Random) -> int:
    """This many apply, and meanwhile others ask until all applicants are served; return the number of questions."""
    applying = True

    async def applies() -> None:
        await asyncio.sleep(dice.uniform(0, ARRIVING_S))
        await here.applies(PACE_S)

    async def asks() -> None:
        while applying:
            await here.asks(PACE_S)

    async with asyncio.TaskGroup() as group:
        asking = [group.create_task(asks()) for _ in range(max(2, applicants // 10))]
        async with asyncio.TaskGroup() as all_of_them:
            for _ in range(applicants):
                all_of_them.create_task(applies())
        applying = False
        assert asking
    return here.tally.questions.acts


def phases_in(folder: Path) -> str:
    with closing(sqlite3.connect(folder / "desk.db")) as desk:
        rows = desk.execute("SELECT phase, COUNT(*) FROM chats GROUP BY phase ORDER BY phase").fetchall()
        waiting = desk.execute(
            "SELECT (SELECT COUNT(*) FROM inbox WHERE state = 'pending'),"
            " (SELECT COUNT(*) FROM outbox WHERE state = 'pending'),"
            " (SELECT COUNT(*) FROM jobs WHERE state = 'pending')"
        ).fetchone()
        (version,) = desk.execute("PRAGMA user_version").fetchone()
    phases = " ".join(f"{phase} {count}" for phase, count in rows)
    return f"schema {version}; {phases}; waiting: {waiting[0]} updates, {waiting[1]} messages, {waiting[2]} jobs"


async def settled(messenger: LocalMessenger, folder: Path) -> None:
    while messenger.stats.pending or undone(folder):  # noqa: ASYNC110 - another process's files ring no bell
        await asyncio.sleep(0.2)


def undone(folder: Path) -> int:
    """Count what waits although it is due, and what was parked or given up."""
    now = time.time()
    parts = (
        f"(SELECT COUNT(*) FROM {table} WHERE state NOT IN ('done', 'sent') AND NOT"
        f" (state = 'pending' AND due_at > {now}))"
        for table in ("inbox", "outbox", "jobs")
    )
    with closing(sqlite3.connect(folder / "desk.db")) as desk:
        return int(desk.execute(f"SELECT {' + '.join(parts)}").fetchone()[0])


def judged(here: VisitSimulator, stage: Ground, folder: Path, seen: Seen) -> Outcome:
    with closing(sqlite3.connect(folder / "desk.db")) as desk:
        (kept,) = desk.execute("SELECT COUNT(*) FROM inbox").fetchone()
        (version,) = desk.execute("PRAGMA user_version").fetchone()
    assert version == len(migrations()), "the present release has brought the tables up to date"
    for each in here.tally.errors:
        print(f"  seen: {each}")
    return Outcome(
        served=here.tally.served,
        customers=seen.applicants,
        asked=seen.asked,
        errors=len(here.tally.errors),
        undone=undone(folder),
        missing=seen.updates - kept,
        wrong=wrong_books(stage, folder, seen.applicants),
        phases=seen.phases,
        down_s=seen.down_s,
        longest_s=max(here.tally.spans),
    )


def wrong_books(stage: Ground, folder: Path, applicants: int) -> int:
    settings = parse({"TELEGRAM_TOKEN": TOKEN, "DATA_DIR": str(folder)})
    with closing(key_files.open_authority(settings, key_files.open_vault(settings, print), print)) as authority:
        held = [
            sorted(str(one.status) for one in authority.certificates(each.customer_id))
            for each in stage.people[ASKERS : ASKERS + applicants]
        ]
    return sum(each != ["good", "revoked"] for each in held)


def report(commit: str, outcomes: Sequence[Outcome]) -> None:
    print(f"from {commit} to what is here\n")
    for each in outcomes:
        print(f"at the change: {each.phases}")
        print(
            f"  {each.served} of {each.customers} served, {each.asked} questions, {each.errors} errors seen,"
            f" {each.undone} left undone, {each.missing} updates missing, {each.wrong} with wrong certificates;"
            f" down for {each.down_s:.1f} s, the longest wait {each.longest_s:.1f} s"
        )
    whole = replace(outcomes[0], **{name: sum(getattr(each, name) for each in outcomes) for name in SUMS})
    print(f"\ntogether: {', '.join(f'{getattr(whole, name)} {name}' for name in SUMS)}")


SUMS = ("served", "customers", "asked", "errors", "undone", "missing", "wrong")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--first", default="", help="the commit of the release to come from")
    wanted = parser.parse_args()
    commit = wanted.first or first_release()
    with tempfile.TemporaryDirectory(prefix="upgrade-") as name:
        folder = Path(name)
        release = taken_out(commit, folder / "release")
        people = crowd(ASKERS + wanted.customers)
        furnished(release, folder / "template", people)
        stage = Ground(folder / "template", people)
        outcomes = [
            asyncio.run(upgraded(release, stage, folder / f"data-{number}", wanted.customers, number))
            for number in range(wanted.rounds)
        ]
    report(commit, outcomes)
    return int(any(each.errors + each.undone + each.missing + each.wrong for each in outcomes))


if __name__ == "__main__":
    sys.exit(main())
