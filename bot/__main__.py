"""The command line. Exit codes: 0 well, 1 failed, 2 wrong use."""

import argparse
import asyncio
import gc
import sys
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

from bot import __version__
from bot.cli.errors import explained
from bot.core import logs
from bot.core.tasks import stop_on_signals
from bot.settings.settings import Settings, load

#: Commands of this file, and the modules of `bot.cli` with the others.
OWN = ("demo", "run", "doctor", "completion")
MODULES = {
    "customers": "customers",
    "ca": "authority.commands",
    "audit": "authority.commands",
    "faq": "knowledge",
    "backup": "backup",
    "restore": "backup",
}
DESCRIPTION = "A messenger bot that reissues joint certificates for customers of a bank."
EPILOG = """\
first steps:
  reissue-bot demo            try it on this machine: no token, no account, no server
  reissue-bot doctor          see every setting, and what is not well
  reissue-bot run             start the bot on Telegram

Each command and action has its own --help. Settings come from the environment or .env (REISSUE_…).
Exit codes: 0 well, 1 failed, 2 wrong use.
"""


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code."""
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


def parser(command: str = "") -> argparse.ArgumentParser:
    """Return the parser with all commands, or with this one alone: importing the others takes a second."""
    top = argparse.ArgumentParser(
        "reissue-bot",
        description=DESCRIPTION,
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    top.add_argument("--version", action="version", version=f"reissue-bot {__version__}")
    commands = top.add_subparsers(title="commands", required=True, metavar="COMMAND")
    demo = commands.add_parser("demo", help="try everything on this machine: no token, no account, no server")
    demo.add_argument("--port", type=int, default=8990, help="port of the chat page (default 8990; 0: any)")
    demo.add_argument("--data-dir", type=Path, default=Path("data/demo"), help="where the demo keeps its data")
    demo.add_argument("--no-browser", action="store_true", help="only print the address")
    demo.set_defaults(command=_demo)
    commands.add_parser("run", help="run the bot on Telegram").set_defaults(command=_run)
    commands.add_parser("doctor", help="explain the settings and check them").set_defaults(command=_doctor)
    if command not in OWN:
        for module in dict.fromkeys([MODULES[command]] if command in MODULES else MODULES.values()):
            import_module(f"bot.cli.{module}").add_to(commands)
    completion = commands.add_parser("completion", help="print a completion script for your shell")
    completion.add_argument("shell", choices=("bash", "zsh", "tcsh"))
    completion.set_defaults(command=_completion)
    return top


def _run(_arguments: argparse.Namespace) -> int:
    settings = load()
    logs.configure(sys.stderr, settings.process.log_level, settings.secrets)
    with _no_collection():
        # Other commands do without the whole bot.
        from bot.app.run import serve  # noqa: PLC0415

    asyncio.run(_until_signal(settings, serve))
    return 0


@contextmanager
def _no_collection() -> Iterator[None]:
    """Imported modules stay in memory: searching them for garbage took a tenth of a start."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def _until_signal(settings: Settings, serve: Callable[..., Awaitable[None]]) -> None:
    stop = stop_on_signals()
    await serve(settings, stop, say, lambda: print("ready", flush=True))  # noqa: T201 — the contract's line


def _demo(arguments: argparse.Namespace) -> int:
    # Only this command uses the local messenger; the bot on Telegram never loads it.
    from bot.app import demo  # noqa: PLC0415

    asyncio.run(demo.run(arguments.data_dir, arguments.port, browser=not arguments.no_browser))
    return 0


def _doctor(_arguments: argparse.Namespace) -> int:
    from bot.app.doctor import doctor  # noqa: PLC0415 - it checks every part of the bot

    return doctor(say)


def _completion(arguments: argparse.Namespace) -> int:
    import shtab  # noqa: PLC0415 - only this command needs it

    sys.stdout.write(shtab.complete(parser(), shell=arguments.shell))
    return 0


if __name__ == "__main__":
    main()
