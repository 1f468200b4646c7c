"""One bot of the harness: the real house from `bot.app`, with what a test wants to see or to break around it."""

import asyncio
import functools
import os
import sys
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime, timedelta, tzinfo
from pathlib import Path
from typing import Any

import telegram

import bot.clock
import bot.sms
import ca
from bot import app, log, words
from bot.faq import KnowledgeBase, meaning
from bot.settings import Raw, Settings, parse
from bot.store import postgres
from bot.store.queries import migrations, queries
from bot.supervisor import Supervisor
from bot.words import Words
from ca import signer
from ca.profiles import load as load_profiles
from tests.crash import mutants
from tests.crash.points import Plan
from tests.crash.stage import hasten

Tell = Callable[[dict[str, Any]], None]

FACTS = {"customer_centre": Raw().CUSTOMER_CENTRE}


def warm() -> None:
    """Before the forks: read what never changes, and make the slow steps of a start once.

    These are the knowledge base, the catalogs, opening the authority's key file (scrypt), which is given the same file
    every time, and judging the profiles, which the bank did when it was furnished.
    """
    model = meaning.load()
    loaded = KnowledgeBase.load(Words.load(facts=FACTS).languages, FACTS, meaning=model)
    meaning.load = lambda *_folders: model
    app.KnowledgeBase.load = classmethod(lambda _cls, *_args, **_kw: loaded)  # type: ignore[method-assign]
    hasten()
    ca.Authority.judge_profiles = lambda _self: None  # type: ignore[method-assign]
    words.read_catalog = functools.cache(words.read_catalog)  # type: ignore[assignment]
    Words.load(facts=FACTS)
    postgres.translated()
    queries()
    migrations()
    load_profiles()
    passphrase, folder = os.environ.get("CRASH_PASSPHRASE"), os.environ.get("CRASH_KEYS")
    if passphrase and folder:
        signer.open_key_file((Path(folder) / "issuing.key").read_bytes(), passphrase.encode())


def live(spec: dict[str, Any], tell: Tell) -> None:
    """Run until killed."""
    settings = parse(Raw(**spec["settings"]))
    journal = (settings.data_dir / "bot.log").open("a", encoding="utf-8")
    os.dup2(journal.fileno(), 1)
    os.dup2(journal.fileno(), 2)
    sys.stdout = sys.stderr = journal
    log.configure(journal, settings.log_level, settings.secrets)
    mutants.plant(spec.get("mutant"))
    if spec.get("clock"):
        turn_the_clock(Path(spec["clock"]))
    plan = Plan(
        tell, spec.get("mode"), spec.get("place", ""), spec.get("occurrence", 0), spec.get("parts", ())
    )
    with asyncio.Runner() as runner:
        if spec.get("watched"):
            runner.get_loop().set_task_factory(plan.factory)
        runner.run(_live(settings, spec["role"], tell, plan))


def turn_the_clock(place: Path) -> None:
    """Make this process's wall clock wrong by what the file says, whenever it is looked at."""
    truly, right = time.time, datetime.now

    def ahead() -> float:
        return float(place.read_text(encoding="ascii"))

    class Turned(datetime):
        @classmethod
        def now(cls, tz: tzinfo | None = None) -> datetime:
            return right(tz) + timedelta(seconds=ahead())

        fromtimestamp = datetime.fromtimestamp  # plain ones, which is all that can be encoded

    time.time = lambda: truly() + ahead()
    for module in (bot.clock, bot.sms):
        module.datetime = Turned  # type: ignore[attr-defined]


async def _live(settings: Settings, role: str, tell: Tell, plan: Plan) -> None:
    def say(_text: str) -> None:
        return

    async with app.opened(settings, say) as (house, bot), _running(settings, house, bot, role):
        tell({"event": "ready"})
        tally = settings.data_dir / "tally"
        while True:
            await asyncio.sleep(0.05)
            if tally.exists():
                tally.with_suffix(".txt").write_text("\n".join(plan.order), encoding="utf-8")
                tally.unlink()
                tell({"event": "tallied"})


def _running(
    settings: Settings, house: app.House, bot: telegram.Bot, role: str
) -> AbstractAsyncContextManager[None]:
    """A bot polls (there can be one per token: 409), a worker shares its database and does the rest."""
    return app.running(settings, house, bot, house.clock) if role == "bot" else _working(house)


@asynccontextmanager
async def _working(house: app.House) -> AsyncIterator[None]:
    loops = Supervisor()
    for name, run in house.loops:
        loops.start(name, loops.keep(name, run))
    yield
