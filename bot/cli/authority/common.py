"""What the commands on the embedded authority share: opening it, finding a certificate, printing."""

import argparse
import json
import os
import sys

import ca
from bot.cli.register import find_customer
from bot.identity.register import CustomerRecord
from bot.issuing import key_files
from bot.settings.settings import Settings

Values = dict[str, str | None]


class NotFound(Exception):
    """There is no such customer, certificate or profile."""


def action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    command: object,
    explanation: str,
) -> argparse.ArgumentParser:
    made = actions.add_parser(name, help=explanation)
    made.add_argument("--json", action="store_true", help="print JSON")
    made.set_defaults(command=command)
    return made


def say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def opened(settings: Settings) -> ca.Authority:
    return key_files.open_authority(settings, key_files.open_vault(settings, say), say)


def show(arguments: argparse.Namespace, values: Values) -> int:
    if arguments.json:
        sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")
    else:
        sys.stdout.writelines(f"{name} {value}\n" for name, value in values.items() if value is not None)
    return 0


def show_all(arguments: argparse.Namespace, each: list[Values]) -> int:
    """Print a list: in JSON, or with an empty line after each."""
    if arguments.json:
        sys.stdout.write(json.dumps(each, ensure_ascii=False) + "\n")
        return 0
    for values in each:
        show(arguments, values)
        sys.stdout.write("\n")
    return 0


def values_of(record: ca.Record) -> Values:
    return {
        "serial": f"{record.serial:X}",
        "profile": record.profile,
        "status": record.status.value,
        "not_before": record.not_before.isoformat(),
        "not_after": record.not_after.isoformat(),
        "revoked_at": record.revoked_at.isoformat() if record.revoked_at else None,
        "reason": record.reason.value if record.reason else None,
        "replaces": f"{record.replaces:X}" if record.replaces else None,
        "replaced_by": f"{record.replaced_by:X}" if record.replaced_by else None,
    }


def found(authority: ca.Authority, serial: str) -> ca.Record:
    """Return the certificate of this serial, hexadecimal; raise `NotFound`."""
    try:
        record = authority.record(int(serial, 16))
    except ValueError:
        raise NotFound(f"{serial} is not a serial number in hexadecimal digits") from None
    if record is None:
        raise NotFound(f"there is no certificate with serial {serial}")
    return record


def customer(settings: Settings, vault: ca.Vault, customer_id: str) -> CustomerRecord:
    """Return the customer of this id in the bank's register; raise `NotFound`."""
    record = find_customer(settings, vault, customer_id)
    if record is None:
        raise NotFound(f"there is no customer {customer_id} in the register")
    return record


def by_hand() -> str:
    """Return a request id: whatever is done by hand is done once, whenever it is done again it is another act."""
    return f"by-hand-{os.urandom(12).hex()}"
