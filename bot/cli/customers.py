"""`reissue-bot customers import`: imports the bank's customer register from CSV, all rows or none."""

import argparse
import sys
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from bot.cli.register import save_customers
from bot.core.clock import kst_day
from bot.identity.register import read_csv
from bot.issuing import key_files
from bot.settings.settings import load
from ca import CaRefusal
from ca.profiles.names import NAME_BYTES, fit_name


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    register = commands.add_parser("customers", help="the bank's register")
    actions = register.add_subparsers(title="actions", required=True, metavar="ACTION")
    action = actions.add_parser("import", help="import customers from CSV: all rows, or none with the reason")
    action.add_argument("file", type=Path, metavar="FILE.csv")
    action.set_defaults(command=_import)


def _import(arguments: argparse.Namespace) -> int:
    settings = load()
    records = read_csv(arguments.file, kst_day(datetime.now(UTC)), name_problem)
    vault = key_files.open_vault(settings, lambda text: print(text, file=sys.stderr))  # noqa: T201
    save_customers(settings, vault, records)
    sys.stdout.write(f"imported {len(records)} customers\n")
    return 0


def name_problem(name: str) -> str | None:
    """Return why this name does not fit a certificate, and what to do. The text does not contain the name."""
    try:
        fit_name(name)
    except CaRefusal as refusal:
        return _advice(refusal.fields)
    return None


def _advice(refused: Mapping[str, str | int]) -> str:
    if refused["reason"] == "name_too_long":
        size, limit = refused["bytes"], NAME_BYTES
        return (
            f"too long for a certificate: {size} bytes in UTF-8, and {limit} fit ({limit // 3} Korean syllables); "
            "shorten it as in the customer's bank book"
        )
    if character := refused.get("character"):
        name = unicodedata.name(chr(int(str(character).removeprefix("U+"), 16)), "a control character")
        return f"a certificate cannot contain {character} ({name}), which is invisible: delete it"
    return "a certificate cannot have an empty name: fill it in"
