"""`reissue-bot ca` and `reissue-bot audit`: the embedded authority, by hand."""

import argparse
import json
import os
import sys
from datetime import date
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import ca
from bot import app
from bot.command import adopt, audit, backup, ceremony, serving
from bot.command.register import lookup
from bot.settings import Settings, load
from ca.files import generate_key

Values = dict[str, str | None]


class Unknown(Exception):
    """There is no such customer or certificate."""


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    top = commands.add_parser("ca", help="the embedded certificate authority")
    actions = top.add_subparsers(title="actions", required=True, metavar="ACTION")
    _action(actions, "init", _init, "make the authority's keys, if they are not there")
    issue = _action(
        actions, "issue", _issue, "issue a certificate to a customer, as the one that a reissue replaces"
    )
    issue.add_argument("--customer", required=True, metavar="ID")
    issue.add_argument("--not-before", type=date.fromisoformat, metavar="DATE")
    issue.add_argument("--not-after", type=date.fromisoformat, metavar="DATE")
    status = _action(actions, "status", _status, "show certificates")
    what = status.add_mutually_exclusive_group(required=True)
    what.add_argument("--customer", metavar="ID")
    what.add_argument("--serial", metavar="HEX")
    revoke = _action(actions, "revoke", _revoke, "revoke for good")
    revoke.add_argument("--serial", required=True, metavar="HEX")
    revoke.add_argument("--reason", choices=[each.value for each in ca.Reason], default="unspecified")
    for name, explanation in (("hold", "suspend"), ("release", "end a suspension")):
        action = _action(actions, name, _hold if name == "hold" else _release, explanation)
        action.add_argument("--serial", required=True, metavar="HEX")
    crl = _action(actions, "crl", _crl, "write the revocation lists as DER and PEM")
    crl.add_argument("--to", type=Path, required=True, metavar="DIR")
    export = _action(actions, "export", _export, "write a certificate and its chain as DER and PEM")
    export.add_argument("--serial", required=True, metavar="HEX")
    export.add_argument("--to", type=Path, required=True, metavar="DIR")
    ceremony.add_to(actions)
    backup.add_to(actions)
    serving.add_to(actions)
    adopt.add_to(actions)
    audit.add_to(commands)


def _action(
    actions: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    command: object,
    explanation: str,
) -> argparse.ArgumentParser:
    action = actions.add_parser(name, help=explanation)
    action.add_argument("--json", action="store_true", help="print JSON")
    action.set_defaults(command=command)
    return action


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _opened(settings: Settings) -> ca.Authority:
    return app.open_authority(settings, app.open_vault(settings, _say), _say)


def _print(arguments: argparse.Namespace, values: Values) -> int:
    if arguments.json:
        sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")
    else:
        sys.stdout.writelines(f"{name} {value}\n" for name, value in values.items() if value is not None)
    return 0


def _init(arguments: argparse.Namespace) -> int:
    settings = load()
    _opened(settings)
    return _print(arguments, {"folder": str(settings.data_dir / "ca")})


def _issue(arguments: argparse.Namespace) -> int:
    settings = load()
    vault = app.open_vault(settings, _say)
    record = lookup(settings, vault, arguments.customer)
    if record is None:
        raise Unknown(f"there is no customer {arguments.customer} in the register")
    authority = app.open_authority(settings, vault, _say)
    certificate = issue(
        authority, record.customer_id, record.name, record.idn, arguments.not_before, arguments.not_after
    )
    values: Values = {
        "serial": f"{certificate.serial:X}",
        "not_before": certificate.not_before.isoformat(),
        "not_after": certificate.not_after.isoformat(),
    }
    return _print(arguments, values)


def issue(
    authority: ca.Authority, customer: str, name: str, idn: str, begin: date | None, end: date | None
) -> ca.Certificate:
    """Issue to a key that nobody keeps: the certificate that its holder has lost."""
    key = generate_key()
    order = ca.Order(
        request_id=f"by-hand-{os.urandom(12).hex()}",
        holder=customer,
        name=name,
        idn=idn,
        random_number=key.random_number,
        spki=key.spki,
        not_before=begin,
        not_after=end,
    )
    return authority.issue(order)


def _values(record: ca.Record) -> Values:
    return {
        "serial": f"{record.serial:X}",
        "status": record.status.value,
        "not_before": record.not_before.isoformat(),
        "not_after": record.not_after.isoformat(),
        "revoked_at": record.revoked_at.isoformat() if record.revoked_at else None,
        "reason": record.reason.value if record.reason else None,
        "replaces": f"{record.replaces:X}" if record.replaces else None,
        "replaced_by": f"{record.replaced_by:X}" if record.replaced_by else None,
    }


def _status(arguments: argparse.Namespace) -> int:
    authority = _opened(load())
    if arguments.serial:
        return _print(arguments, _values(_record(authority, arguments.serial)))
    records = authority.certificates(arguments.customer)
    if arguments.json:
        sys.stdout.write(json.dumps([_values(each) for each in records]) + "\n")
        return 0
    for each in records:
        _print(arguments, _values(each))
        sys.stdout.write("\n")
    return 0


def _record(authority: ca.Authority, serial: str) -> ca.Record:
    try:
        record = authority.record(int(serial, 16))
    except ValueError:
        raise Unknown(f"{serial} is not a serial number in hexadecimal digits") from None
    if record is None:
        raise Unknown(f"there is no certificate with serial {serial}")
    return record


def _revoke(arguments: argparse.Namespace) -> int:
    authority = _opened(load())
    serial = _record(authority, arguments.serial).serial
    return _print(arguments, _values(authority.revoke(serial, ca.Reason(arguments.reason), _by_hand())))


def _hold(arguments: argparse.Namespace) -> int:
    authority = _opened(load())
    return _print(arguments, _values(authority.hold(_record(authority, arguments.serial).serial, _by_hand())))


def _release(arguments: argparse.Namespace) -> int:
    authority = _opened(load())
    return _print(
        arguments, _values(authority.release(_record(authority, arguments.serial).serial, _by_hand()))
    )


def _by_hand() -> str:
    return f"by-hand-{os.urandom(12).hex()}"


def _crl(arguments: argparse.Namespace) -> int:
    authority = _opened(load())
    arguments.to.mkdir(parents=True, exist_ok=True)
    lists = {"issuing.crl": authority.crl(), "root.crl": authority.root_crl()}
    lists |= {f"{name}.pem": _crl_pem(der) for name, der in lists.items()}
    for name, content in lists.items():
        (arguments.to / name).write_bytes(content)
    return _print(arguments, {name: str(arguments.to / name) for name in lists})


def _export(arguments: argparse.Namespace) -> int:
    authority = _opened(load())
    record, chain = _record(authority, arguments.serial), authority.chain
    arguments.to.mkdir(parents=True, exist_ok=True)
    written = {
        "cert.der": record.der,
        "issuing.pem": _pem(chain.issuing),
        "root.pem": _pem(chain.root),
    }
    for name, content in written.items():
        (arguments.to / name).write_bytes(content)
    return _print(arguments, {name: str(arguments.to / name) for name in written})


def _pem(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def _crl_pem(der: bytes) -> bytes:
    return x509.load_der_x509_crl(der).public_bytes(Encoding.PEM)
