"""The command line. Exit codes: 0 well, 1 failed, 2 wrong use."""

import argparse
import asyncio
import sqlite3
import sys
from collections.abc import Callable, Sequence
from dataclasses import fields
from pathlib import Path

import ca
from bot import app, log
from bot.bundle import BundleDamaged
from bot.command import authority, customers, knowledge, watched, whole
from bot.command.adopt import NotAdopted
from bot.command.ceremony import CeremonyStopped
from bot.command.safekeeping import NotRestored
from bot.directory import RowRefused
from bot.faq import ArticleBroken
from bot.faq.evaluate import QueriesBroken
from bot.mail import SmtpUrlBroken
from bot.outside import opening
from bot.settings import PREFIX, Raw, Settings, SettingWrong, load, read_raw
from bot.store import copying
from bot.store.database import DatabaseUnusable
from bot.store.opening import open_database
from bot.store.sqlite import MEND
from bot.watch.readiness import NotWell
from bot.words import CatalogBroken
from ca.backup import BackupDamaged
from ca.cmp.offices import OfficesWrong
from ca.profiles import ProfileWrong
from ca.published import ListWrong
from ca.receipt_verifier import ReceiptRefused

FAILED, WRONG_USE = 1, 2
#: Errors that a person can mend: one line, no traceback.
EXPLAINED: dict[type[Exception], int] = {
    SettingWrong: WRONG_USE,
    DatabaseUnusable: WRONG_USE,
    SmtpUrlBroken: WRONG_USE,
    RowRefused: FAILED,
    ca.WrongPassphrase: FAILED,
    ca.KeyFileUnusable: FAILED,
    ca.LedgerBroken: FAILED,
    ca.CaRefusal: FAILED,
    authority.Unknown: FAILED,
    NotAdopted: FAILED,
    OfficesWrong: WRONG_USE,
    ProfileWrong: WRONG_USE,
    ListWrong: WRONG_USE,
    CeremonyStopped: FAILED,
    BackupDamaged: FAILED,
    BundleDamaged: FAILED,
    NotRestored: FAILED,
    ReceiptRefused: FAILED,
    CatalogBroken: FAILED,
    ArticleBroken: FAILED,
    QueriesBroken: WRONG_USE,
    NotWell: FAILED,
    OSError: FAILED,
    sqlite3.Error: FAILED,
}


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command of the process contract."""
    arguments = parser().parse_args(argv)
    try:
        code = arguments.command(arguments)
    except KeyboardInterrupt:
        code = 130
    except tuple(EXPLAINED) as error:
        say(f"reissue-bot: {error}")
        code = next(value for kind, value in EXPLAINED.items() if isinstance(error, kind))
    sys.exit(code or 0)


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(
        "reissue-bot", description=__doc__ and "A bot that reissues joint certificates."
    )
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    demo = commands.add_parser("demo", help="everything on this machine: no token, no account, no server")
    demo.add_argument("--port", type=int, default=8990, help="port of the chat page (default 8990; 0: any)")
    demo.add_argument(
        "--data-dir", type=Path, default=Path("data/demo"), help="where the demo keeps its data"
    )
    demo.add_argument("--no-browser", action="store_true", help="only print the address")
    demo.set_defaults(command=_demo)
    commands.add_parser("run", help="the bot on Telegram").set_defaults(command=_run)
    commands.add_parser("doctor", help="explain the settings and check them").set_defaults(command=_doctor)
    customers.add_to(commands)
    authority.add_to(commands)
    knowledge.add_to(commands)
    whole.add_to(commands)
    return top


def _run(_arguments: argparse.Namespace) -> int:
    settings = load()
    log.configure(sys.stderr, settings.log_level, settings.secrets)
    app.telegram_bot(settings)
    asyncio.run(_until_signal(settings))
    return 0


async def _until_signal(settings: Settings) -> None:
    stop = app.stop_on_signals()
    await app.serve(settings, stop, say, lambda: print("ready", flush=True))  # noqa: T201 — the contract's line


def _demo(arguments: argparse.Namespace) -> int:
    # Only this command knows the local messenger; the bot on Telegram never loads it.
    from bot import demo  # noqa: PLC0415

    asyncio.run(demo.run(arguments.data_dir, arguments.port, browser=not arguments.no_browser))
    return 0


def _doctor(_arguments: argparse.Namespace) -> int:
    raw = read_raw()
    for each in fields(Raw):
        value = getattr(raw, each.name)
        shown = "(set)" if value and each.metadata["secret"] else value or "(empty)"
        sys.stdout.write(f"{PREFIX}{each.name} = {shown}\n    {each.metadata['explanation']}\n")
    settings = load()
    return _checked(settings)


def _checked(settings: Settings) -> int:
    checks: list[tuple[str, Callable[[], object]]] = [
        ("token", lambda: app.telegram_bot(settings)),
        ("master key", lambda: app.open_vault(settings, say)),
        ("database", lambda: asyncio.run(_opens(settings))),
        ("authority", lambda: _authority(settings)),
        ("queues", lambda: asyncio.run(watched.stuck(settings))),
        ("metrics", lambda: watched.metrics(settings)),
        ("running bot", lambda: watched.running(settings)),
    ]
    return max(_check(name, check) for name, check in checks)


def _check(name: str, check: Callable[[], object]) -> int:
    try:
        found = check()
    except tuple(EXPLAINED) as error:
        sys.stdout.write(f"{name}: NOT WELL: {error}\n")
        return FAILED
    sys.stdout.write(f"{name}: well{f' ({found})' if isinstance(found, str) else ''}\n")
    return 0


def _authority(settings: Settings) -> object:
    if settings.ca_outside is not None:
        return opening.engine(settings.ca_outside)
    return app.open_authority(settings, app.open_vault(settings, say), say)


async def _opens(settings: Settings) -> None:
    database = await open_database(settings.database_url)
    await database.close()
    if settings.database_url.startswith(copying.WHERE):
        try:
            await asyncio.to_thread(copying.check, copying.database_file(settings.database_url))
        except DatabaseUnusable as error:
            raise DatabaseUnusable(f"{' '.join(str(error).split())}: {MEND}") from error


if __name__ == "__main__":
    main()
