"""Runs the application: takes updates, works, and finishes what was begun when the end comes."""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager

from bot.app.build import Application, opened
from bot.core.tasks import TaskSupervisor
from bot.monitoring.build import Process, build_monitoring
from bot.monitoring.server import listening
from bot.settings.settings import Settings

STOP_SECONDS = 10.0


@asynccontextmanager
async def running(app: Application) -> AsyncIterator[None]:
    """Take updates and work; at the end take no more, and finish what was begun."""
    loops, settings, shared = TaskSupervisor(), app.settings, app.shared
    poller = app.telegram.poller
    kept = [*app.loops, *((("poller", poller.run),) if poller else ())]
    process = Process(shared.database, [name for name, _ in kept], loops, app.bot.get_me)
    watch = build_monitoring(app.sources, process, settings.web.metrics_token)
    routes = [*app.telegram.routes(settings.webhook), *watch.routes, *app.issuing.routes]
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(listening(settings.web.listen, routes))
        if app.telegram.webhook is not None:
            await app.telegram.webhook.announce(settings.webhook.url)
        loops.start("commands", app.telegram.publish())
        for name, run in kept:
            loops.start(name, loops.run_forever(name, run))
        try:
            yield
        finally:
            await loops.stop(STOP_SECONDS)
            await shared.tasks.finish(STOP_SECONDS)
            await shared.tasks.stop(1.0)


async def serve(settings: Settings, stop: asyncio.Event, say: Callable[[str], None], ready: Callable[[], None]) -> None:
    """Run until `stop` is set; `ready` is called when updates are taken."""
    async with opened(settings, say) as app, running(app):
        gc.collect()
        gc.freeze()  # what was built stays: the collector would look through it again and again
        ready()
        await stop.wait()
