"""One bot of the harness: the real application, with hooks for what a test observes or breaks."""

import asyncio
import functools
import importlib
import os
import signal
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

from babel.dates import format_date, format_time

import bot.core.clock
import bot.notices.sms
import ca
from bot.app.build import Application, opened
from bot.app.run import running
from bot.core import logs
from bot.core.tasks import TaskSupervisor
from bot.knowledge import KnowledgeBase
from bot.knowledge.search import embeddings
from bot.messages import catalog
from bot.messages.catalog import Catalogs
from bot.settings.settings import Settings, parse
from bot.storage import postgres
from bot.storage.queries import migrations, queries
from bot.storage.sqlite import SqliteDatabase, SqliteTransaction
from ca.keys import signer
from ca.profiles import load as load_profiles
from tests.crash import mutants
from tests.crash.await_points import Plan, stop
from tests.crash.environment import hasten

Tell = Callable[[dict[str, Any]], None]

#: Modules that are imported late.
LATE = ("babel.numbers", "uvicorn.lifespan.off", "uvicorn.protocols.http.httptools_impl")
#: The languages of the harness's customers.
LANGUAGES = ("ko",)
FACTS = parse({}).bank.facts


def warm() -> None:
    """Do the slow steps of a start once, before the forks.

    These are the knowledge base, the catalogs, opening the authority's key files (scrypt), which are always the same
    files, and checking the profiles.
    """
    model = embeddings.load()
    loaded = KnowledgeBase.load(Catalogs.load(facts=FACTS).languages, FACTS, classifier=model)
    embeddings.load = lambda *_folders: model
    KnowledgeBase.load = classmethod(lambda _cls, *_args, **_kw: loaded)  # type: ignore[method-assign]
    hasten()
    ca.Authority.judge_profiles = lambda _self: None  # type: ignore[method-assign]
    catalog.read_catalog = functools.cache(catalog.read_catalog)  # type: ignore[assignment]
    Catalogs.load(facts=FACTS)
    for module in LATE:
        importlib.import_module(module)
    for language in LANGUAGES:
        format_time(datetime.now(UTC), "a h:mm", locale=language)
        format_date(datetime.now(UTC), "long", locale=language)
    postgres.translated()
    queries()
    migrations()
    load_profiles()
    passphrase, folder = os.environ.get("CRASH_PASSPHRASE"), os.environ.get("CRASH_KEYS")
    if passphrase and folder:
        for file in Path(folder).glob("*.key"):
            signer.open_key_file(file.read_bytes(), passphrase.encode())


def live(spec: dict[str, Any], tell: Tell) -> None:
    """Run until killed."""
    settings = parse(spec["settings"])
    journal = (settings.storage.data_dir / "bot.log").open("a", encoding="utf-8")
    os.dup2(journal.fileno(), 1)
    os.dup2(journal.fileno(), 2)
    sys.stdout = sys.stderr = journal
    logs.configure(journal, settings.process.log_level, settings.secrets)
    mutants.plant(spec.get("mutant"))
    if spec.get("clock"):
        turn_the_clock(Path(spec["clock"]))
    plan = Plan(tell, spec.get("mode"), spec.get("place", ""), spec.get("occurrence", 0), spec.get("parts", ()))
    plan.armed = not spec.get("unarmed")
    signal.signal(signal.SIGUSR1, lambda *_: setattr(plan, "armed", True))
    if any(part.startswith("statement ") for part in spec.get("parts", ())):
        watch_statements(plan)
    with asyncio.Runner() as runner:
        if spec.get("watched"):
            runner.get_loop().set_task_factory(plan.factory)
        runner.run(_live(settings, spec["role"], tell, plan))


def watch_statements(plan: Plan) -> None:
    """Report each statement to the plan before it writes."""
    run, run_many = SqliteTransaction.run, SqliteTransaction.run_many

    def watched(self: SqliteTransaction, query: str, **params: Any) -> int:
        plan.statement(query)
        return run(self, query, **params)

    def watched_many(self: SqliteTransaction, query: str, params: Any) -> None:
        plan.statement(query)
        run_many(self, query, params)

    SqliteTransaction.run, SqliteTransaction.run_many = watched, watched_many  # type: ignore[method-assign]


def freeze_between_units(database: SqliteDatabase) -> None:
    """Freeze only between units of work: a process frozen inside one keeps the database file locked."""
    woken = threading.Event()

    def freeze() -> None:
        stop()
        woken.set()

    database._tx.put_nowait((None, freeze))
    woken.wait()


def turn_the_clock(place: Path) -> None:
    """Shift this process's wall clock by the seconds that the file contains."""
    truly, right = time.time, datetime.now

    def ahead() -> float:
        return float(place.read_text(encoding="ascii"))

    class Turned(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return right(tz) + timedelta(seconds=ahead())

        fromtimestamp = datetime.fromtimestamp  # Plain values, because only they can be encoded.

    time.time = lambda: truly() + ahead()
    for module in (bot.core.clock, bot.notices.sms):
        module.datetime = Turned  # type: ignore[attr-defined]


async def _live(settings: Settings, role: str, tell: Tell, plan: Plan) -> None:
    def say(_text: str) -> None:
        return

    async with opened(settings, say) as app, _running(app, role):
        if isinstance(app.shared.database, SqliteDatabase):
            plan.freeze = functools.partial(freeze_between_units, app.shared.database)
        tell({"event": "ready"})
        tally = settings.storage.data_dir / "tally"
        while True:
            await asyncio.sleep(0.05)
            if tally.exists():
                tally.with_suffix(".txt").write_text("\n".join(plan.order), encoding="utf-8")
                tally.unlink()
                tell({"event": "tallied"})


def _running(app: Application, role: str) -> AbstractAsyncContextManager[None]:
    """A bot polls (only one can, per token: 409); a worker shares its database and does the rest."""
    return running(app) if role == "bot" else _working(app)


@asynccontextmanager
async def _working(app: Application) -> AsyncIterator[None]:
    loops = TaskSupervisor()
    for name, run in app.loops:
        loops.start(name, loops.run_forever(name, run))
    yield
