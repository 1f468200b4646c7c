"""One replica of the bench, in a process of its own; at SIGTERM it prints what it asked of the database."""

import asyncio
import json
import sys
from collections import Counter
from collections.abc import Callable
from typing import Any

from bot.app.run import serve
from bot.core import logs
from bot.core.tasks import stop_on_signals
from bot.settings.settings import load
from bot.storage.postgres import PostgresDatabase, PostgresTransaction

ANSWERED = ("run", "row", "rows")


def counting(counted: Counter[str]) -> None:
    """Count units, their tries, statements, and statements whose answer is waited for."""
    whole, once = PostgresDatabase._whole, PostgresDatabase._once

    def counted_whole(self: PostgresDatabase, work: Any) -> Any:
        counted["units"] += 1
        return whole(self, work)

    def counted_once(self: PostgresDatabase, work: Any) -> Any:
        counted["tries"] += 1
        return once(self, work)

    PostgresDatabase._whole = counted_whole  # type: ignore[method-assign]
    PostgresDatabase._once = counted_once  # type: ignore[method-assign]
    for name in (*ANSWERED, "write"):
        setattr(PostgresTransaction, name, counted_statement(name, counted))


def counted_statement(name: str, counted: Counter[str]) -> Callable[..., Any]:
    method = getattr(PostgresTransaction, name)

    def call(self: PostgresTransaction, query: str, *more: Any, **params: Any) -> Any:
        counted["statements"] += 1
        counted["answers"] += name in ANSWERED
        counted[f"query {query}"] += 1
        return method(self, query, *more, **params)

    return call


async def live() -> None:
    settings = load()
    logs.configure(sys.stderr, settings.process.log_level, settings.secrets)
    await serve(settings, stop_on_signals(), lambda _text: None, lambda: print("ready", flush=True))


if __name__ == "__main__":
    counts: Counter[str] = Counter()
    counting(counts)
    asyncio.run(live())
    print(json.dumps(dict(counts)))
