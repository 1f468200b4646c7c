"""`reissue-bot audit`: the authority's audit chain, its signed heads, and receipts for customers."""

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path

from cryptography import x509

import ca
from bot.issuing import key_files
from bot.settings.settings import load
from ca.audit.receipt_verifier import ReceiptRefused, check_head
from ca.values.disk import write_whole


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    audit = commands.add_parser("audit", help="the authority's audit chain")
    actions = audit.add_subparsers(title="actions", required=True, metavar="ACTION")
    verify = actions.add_parser("verify", help="check the chain, and that it equals the state")
    verify.add_argument("--json", action="store_true", help="print JSON")
    verify.add_argument("--head", type=Path, metavar="FILE", help="a signed head that was kept elsewhere")
    verify.set_defaults(command=_verify)
    head = actions.add_parser("head", help="sign the end of the chain, to be kept elsewhere")
    head.add_argument("--to", type=Path, required=True, metavar="FILE")
    head.set_defaults(command=_head)
    receipt = actions.add_parser("receipt", help="prove to a customer that the audit knows a certificate")
    receipt.add_argument("--serial", required=True, metavar="HEX")
    receipt.add_argument("--to", type=Path, required=True, metavar="FILE")
    receipt.set_defaults(command=_receipt)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _opened() -> ca.Authority:
    settings = load()
    return key_files.open_authority(settings, key_files.open_vault(settings, _say), _say)


def _verify(arguments: argparse.Namespace) -> int:
    authority = _opened()
    known = _known(arguments.head, authority) if arguments.head else None
    report = authority.verify_audit(known)
    values = {"entries": str(report.head.entries), "head": report.head.digest, "ok": str(report.ok)}
    if arguments.json:
        sys.stdout.write(json.dumps(values) + "\n")
    else:
        sys.stdout.writelines(f"{name} {value}\n" for name, value in values.items())
    for problem in report.problems:
        _say(problem)
    return 0 if report.ok else 1


def _known(path: Path, authority: ca.Authority) -> ca.AuditHead:
    """Read a head; raise `ReceiptRefused` unless this authority signed it."""
    head = check_head(path.read_bytes(), x509.load_der_x509_certificate(authority.chain.root))
    return ca.AuditHead(head.entries, head.chain.hex())


def _head(arguments: argparse.Namespace) -> int:
    return _written(arguments.to, lambda authority: authority.signed_head())


def _receipt(arguments: argparse.Namespace) -> int:
    try:
        serial = int(arguments.serial, 16)
    except ValueError:
        raise ReceiptRefused(f"{arguments.serial} is not a serial number in hexadecimal digits") from None
    return _written(arguments.to, lambda authority: authority.receipt(serial))


def _written(to: Path, make: Callable[[ca.Authority], bytes]) -> int:
    write_whole(to, make(_opened()))
    sys.stdout.write(f"{to}\n")
    return 0
