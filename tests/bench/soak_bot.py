"""The bot of the soak, in a process of its own: at SIGUSR1 it prints what it holds, as one line of JSON."""

import asyncio
import gc
import json
import os
import signal
import sys
import tracemalloc

from bot.app.run import serve
from bot.core import logs
from bot.core.tasks import stop_on_signals
from bot.settings.settings import load

FRAMES = 4
TOP = 15


def told() -> None:
    grown: list[str] = []
    if tracemalloc.is_tracing():
        gc.collect()
        now = tracemalloc.take_snapshot()
        if _BEFORE:
            grown = [str(each) for each in now.compare_to(_BEFORE.pop(), "traceback")[:TOP]]
        _BEFORE.append(now)
    inside = {"tasks": len(asyncio.all_tasks()), "objects": len(gc.get_objects()), "grown": grown}
    print(json.dumps(inside), flush=True)


_BEFORE: list[tracemalloc.Snapshot] = []


async def live() -> None:
    settings = load()
    logs.configure(sys.stderr, settings.process.log_level, settings.secrets)
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, told)
    await serve(settings, stop_on_signals(), lambda _text: None, lambda: print("ready", flush=True))


if __name__ == "__main__":
    if os.environ.get("SOAK_TRACED"):
        tracemalloc.start(FRAMES)
    asyncio.run(live())
