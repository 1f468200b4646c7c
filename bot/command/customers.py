"""`reissue-bot customers import`: the bank's register from CSV, all of it or nothing."""

import argparse
import sys
from datetime import UTC, datetime
from pathlib import Path

from bot import app
from bot.clock import kst_day
from bot.command.register import store
from bot.directory import read_csv
from bot.settings import load


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    register = commands.add_parser("customers", help="the bank's register")
    actions = register.add_subparsers(title="actions", required=True, metavar="ACTION")
    action = actions.add_parser("import", help="import customers from CSV: all of them, or none and why")
    action.add_argument("file", type=Path, metavar="FILE.csv")
    action.set_defaults(command=_import)


def _import(arguments: argparse.Namespace) -> int:
    settings = load()
    records = read_csv(arguments.file, kst_day(datetime.now(UTC)))
    vault = app.open_vault(settings, lambda text: print(text, file=sys.stderr))  # noqa: T201
    store(settings, vault, records)
    sys.stdout.write(f"imported {len(records)} customers\n")
    return 0
