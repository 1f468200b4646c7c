"""The command line. Exit codes: 0 well, 1 failed, 2 wrong use."""

import argparse
import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import fields
from importlib import import_module
from pathlib import Path

from bot.core import logs
from bot.core.tasks import stop_on_signals
from bot.issuing import key_files
from bot.settings.settings import PREFIX, Raw, Settings, load, read_raw
from bot.storage import snapshot
from bot.storage.database import DatabaseUnusable
from bot.storage.opening import open_database
from bot.storage.sqlite import MEND

FAILED, WRONG_USE = 1, 2
#: Errors that a person can mend: one line, no traceback. By name, since most commands raise few of them, and to load
#: the rooms of all would take each command a second.
EXPLAINED = {
    "bot.settings.settings.SettingWrong": WRONG_USE,
    "bot.storage.database.DatabaseUnusable": WRONG_USE,
    "bot.settings.smtp.SmtpUrlBroken": WRONG_USE,
    "bot.identity.register.RowRefused": FAILED,
    "ca.values.refusals.WrongPassphrase": FAILED,
    "ca.ledger.vault.KeyFileUnusable": FAILED,
    "ca.values.refusals.LedgerBroken": FAILED,
    "ca.values.refusals.CaRefusal": FAILED,
    "bot.cli.authority.common.NotFound": FAILED,
    "bot.cli.authority.adopt.NotAdopted": FAILED,
    "ca.cmp.offices.OfficesWrong": WRONG_USE,
    "ca.profiles.reading.ProfileWrong": WRONG_USE,
    "ca.requests.published_keys.ListWrong": WRONG_USE,
    "bot.cli.authority.ceremony.CeremonyStopped": FAILED,
    "ca.ceremonies.backup.BackupDamaged": FAILED,
    "bot.backup.archive.BundleDamaged": FAILED,
    "bot.backup.service.NotRestored": FAILED,
    "ca.audit.receipt_verifier.ReceiptRefused": FAILED,
    "bot.messages.catalog.CatalogBroken": FAILED,
    "bot.knowledge.articles.article.ArticleBroken": FAILED,
    "bot.knowledge.training.evaluate.QueriesBroken": WRONG_USE,
    "bot.monitoring.readiness.NotReady": FAILED,
    "builtins.OSError": FAILED,
    "sqlite3.Error": FAILED,
}
#: Commands of this file, and where the others are.
OWN = ("demo", "run", "doctor")
ROOMS = {
    "customers": "customers",
    "ca": "authority.commands",
    "audit": "authority.commands",
    "faq": "knowledge",
    "backup": "backup",
    "restore": "backup",
}


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main(argv: Sequence[str] | None = None) -> None:
    """Run the command of the process contract."""
    given = sys.argv[1:] if argv is None else argv
    arguments = parser(next(iter(given), "")).parse_args(given)
    try:
        code = arguments.command(arguments)
    except KeyboardInterrupt:
        code = 130
    except Exception as error:
        code = explained(error)
        if code is None:
            raise
        say(f"reissue-bot: {error}")
    sys.exit(code or 0)


def explained(error: Exception) -> int | None:
    """Return with which code an error ends that a person can mend; None for a mistake of ours."""
    names = (f"{kind.__module__}.{kind.__qualname__}" for kind in type(error).__mro__)
    return next((EXPLAINED[name] for name in names if name in EXPLAINED), None)


def parser(command: str = "") -> argparse.ArgumentParser:
    """Return the whole of it, or what this command needs: what others import would cost it a second."""
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
    if command not in OWN:
        for room in dict.fromkeys([ROOMS[command]] if command in ROOMS else ROOMS.values()):
            import_module(f"bot.cli.{room}").add_to(commands)
    return top


def _run(_arguments: argparse.Namespace) -> int:
    settings = load()
    logs.configure(sys.stderr, settings.log_level, settings.secrets)
    with nothing_collected():
        from bot.app import build  # noqa: PLC0415 - the whole house, which other commands do without

    build.telegram_bot(settings)
    asyncio.run(_until_signal(settings, build.serve))
    return 0


@contextmanager
def nothing_collected() -> Iterator[None]:
    """What is loaded stays: to look through it for garbage meanwhile took a tenth of a start."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def _until_signal(settings: Settings, serve: Callable[..., Awaitable[None]]) -> None:
    stop = stop_on_signals()
    await serve(settings, stop, say, lambda: print("ready", flush=True))  # noqa: T201 — the contract's line


def _demo(arguments: argparse.Namespace) -> int:
    # Only this command knows the local messenger; the bot on Telegram never loads it.
    from bot.app import demo  # noqa: PLC0415

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
    from bot.app import build  # noqa: PLC0415 - as for `run`
    from bot.cli import doctor  # noqa: PLC0415

    checks: list[tuple[str, Callable[[], object]]] = [
        ("token", lambda: build.telegram_bot(settings)),
        ("master key", lambda: key_files.open_vault(settings, say)),
        ("database", lambda: asyncio.run(_opens(settings))),
        ("authority", lambda: doctor.authority(settings, say)),
        ("queues", lambda: asyncio.run(doctor.stuck(settings))),
        ("metrics", lambda: doctor.metrics(settings)),
        ("running bot", lambda: doctor.running(settings)),
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
    database = await open_database(settings.database_url)
    await database.close()
    if settings.database_url.startswith(snapshot.WHERE):
        try:
            await asyncio.to_thread(snapshot.check, snapshot.database_file(settings.database_url))
        except DatabaseUnusable as error:
            raise DatabaseUnusable(f"{' '.join(str(error).split())}: {MEND}") from error


if __name__ == "__main__":
    main()
