"""`reissue-bot doctor`: explains every setting, and checks what they name and the bot that runs."""

import asyncio
import ipaddress
import json
import socket
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPException

from bot.cli.errors import FAILED, explained
from bot.issuing import key_files
from bot.issuing.outside import build
from bot.monitoring.figures import queues
from bot.monitoring.readiness import NotReady
from bot.settings.reading import PREFIX
from bot.settings.settings import SETTINGS, Settings, load, read
from bot.storage import snapshot
from bot.storage.database import DatabaseUnusable
from bot.storage.opening import open_database
from bot.storage.readonly import ReadOnlyConnection
from bot.storage.sqlite import MEND
from handlers.telegram.build import telegram_client

SECONDS = 3.0
#: So many of a history's flaws; `audit verify` tells all.
MOST_TOLD = 3


def doctor(say: Callable[[str], None]) -> int:
    """Print the settings and one line for each check; return the exit code."""
    texts = read()
    for each in SETTINGS:
        value = texts.get(each.name, each.default)
        shown = "(set)" if value and each.secret else value or "(empty)"
        sys.stdout.write(f"{PREFIX}{each.name} = {shown}\n    {each.explanation}\n")
    settings = load()
    checks: list[tuple[str, Callable[[], object]]] = [
        ("token", lambda: telegram_client(settings.telegram)),
        ("master key", lambda: key_files.open_vault(settings, say)),
        ("database", lambda: asyncio.run(_opens(settings))),
        ("authority", lambda: authority(settings, say)),
        ("queues", lambda: asyncio.run(stuck(settings))),
        ("metrics", lambda: metrics(settings)),
        ("running bot", lambda: running(settings)),
    ]
    return max(_check(name, check) for name, check in checks)


def _check(name: str, check: Callable[[], object]) -> int:
    try:
        found = check()
    except Exception as error:
        if explained(error) is None:
            raise
        sys.stdout.write(f"{name}: NOT WELL: {error}\n")
        return FAILED
    sys.stdout.write(f"{name}: well{f' ({found})' if isinstance(found, str) else ''}\n")
    return 0


async def _opens(settings: Settings) -> None:
    database = await open_database(settings.storage.database_url)
    await database.close()
    if settings.storage.database_url.startswith(snapshot.WHERE):
        try:
            await asyncio.to_thread(snapshot.check, snapshot.database_file(settings.storage.database_url))
        except DatabaseUnusable as error:
            raise DatabaseUnusable(f"{' '.join(str(error).split())}: {MEND}") from error


def authority(settings: Settings, say: Callable[[str], None]) -> str:
    """Open it, and read its whole history against its state; raise `NotReady` with what does not fit."""
    if settings.outside is not None:
        build.engine(settings.outside)
        return "outside; its own history is looked after there"
    with closing(key_files.open_authority(settings, key_files.open_vault(settings, say), say)) as ours:
        report = ours.verify_audit()
    if not report.ok:
        more = len(report.problems) - MOST_TOLD
        told = "; ".join(report.problems[:MOST_TOLD]) + (f"; and {more} more" if more > 0 else "")
        raise NotReady(f"{told}: {MEND}")
    return f"{report.head.entries} entries of its history fit what it knows"


async def stuck(settings: Settings) -> str:
    """Say what waits; raise `NotReady` for what was given up."""
    now = datetime.now(UTC)
    inbox, outbox, jobs = await ReadOnlyConnection(settings.storage.database_url).look(lambda tx: queues(tx, now))
    given_up = {"updates are parked": inbox, "messages are dead": outbox, "jobs are dead": jobs}
    said = [f"{queue.stuck} {what}" for what, queue in given_up.items() if queue.stuck]
    if said:
        raise NotReady(f"{', '.join(said)}; see docs/watching.md")
    return f"{inbox.waiting} updates, {outbox.waiting} messages and {jobs.waiting} jobs wait"


def metrics(settings: Settings) -> str:
    if settings.web.metrics_token:
        return "every request with the token is answered"
    return f"only programs on this machine are answered; {PREFIX}METRICS_TOKEN lets others in"


def running(settings: Settings) -> str:
    """Ask the bot that listens at our address; raise `NotReady` with what it says is not well."""
    host, port = settings.web.listen
    try:
        with closing(HTTPConnection(_reachable(host), port, timeout=SECONDS)) as connection:
            connection.request("GET", "/readyz")
            checks: dict[str, dict[str, object]] = json.loads(connection.getresponse().read())
            failed = [f"{name}: {each['why']}" for name, each in checks.items() if not each["ok"]]
    except (ConnectionRefusedError, socket.gaierror):
        return f"none runs at {host}:{port}"
    except (OSError, HTTPException, ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotReady(f"what answers at {host}:{port} is no bot of ours") from error
    if failed:
        raise NotReady("; ".join(failed))
    return f"ready at {host}:{port}"


def _reachable(host: str) -> str:
    """Return where to call what listens on every address."""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    if not address.is_unspecified:
        return host
    return "127.0.0.1" if address.version == 4 else "::1"  # noqa: PLR2004 — the version's number
