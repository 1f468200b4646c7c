"""`reissue-bot ca` and `reissue-bot audit`: the embedded authority, by hand."""

import argparse
from datetime import date
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import ca
from bot.cli.authority import adopt, audit, backup, ceremony, lifecycle, serve
from bot.cli.authority.common import (
    NotFound,
    Values,
    action,
    by_hand,
    customer,
    found,
    opened,
    say,
    show,
    show_all,
    values_of,
)
from bot.issuing import key_files
from bot.settings.settings import load
from ca.files import generate_key
from ca.profiles import load as load_profiles

__all__ = ["NotFound", "add_to", "issue"]


def add_to(commands: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    top = commands.add_parser("ca", help="the embedded certificate authority")
    actions = top.add_subparsers(title="actions", required=True, metavar="ACTION")
    action(actions, "init", _init, "make the authority's keys, if they are not there")
    issue = action(actions, "issue", _issue, "issue a certificate to a customer, as the one that a reissue replaces")
    issue.add_argument("--customer", required=True, metavar="ID")
    issue.add_argument("--profile", default="personal", metavar="NAME")
    issue.add_argument("--not-before", type=date.fromisoformat, metavar="DATE")
    issue.add_argument("--not-after", type=date.fromisoformat, metavar="DATE")
    status = action(actions, "status", _status, "show certificates")
    what = status.add_mutually_exclusive_group(required=True)
    what.add_argument("--customer", metavar="ID")
    what.add_argument("--serial", metavar="HEX")
    revoke = action(actions, "revoke", _revoke, "revoke for good")
    revoke.add_argument("--serial", required=True, metavar="HEX")
    revoke.add_argument("--reason", choices=[each.value for each in ca.Reason], default="unspecified")
    for name, explanation in (("hold", "suspend"), ("release", "end a suspension")):
        status_change = action(actions, name, _hold if name == "hold" else _release, explanation)
        status_change.add_argument("--serial", required=True, metavar="HEX")
    crl = action(actions, "crl", _crl, "write the revocation lists as DER and PEM")
    crl.add_argument("--to", type=Path, required=True, metavar="DIR")
    export = action(actions, "export", _export, "write a certificate and its chain as DER and PEM")
    export.add_argument("--serial", required=True, metavar="HEX")
    export.add_argument("--to", type=Path, required=True, metavar="DIR")
    lifecycle.add_to(actions)
    ceremony.add_to(actions)
    backup.add_to(actions)
    serve.add_to(actions)
    adopt.add_to(actions)
    audit.add_to(commands)


def _init(arguments: argparse.Namespace) -> int:
    settings = load()
    opened(settings)
    return show(arguments, {"folder": str(settings.storage.data_dir / "ca")})


def _issue(arguments: argparse.Namespace) -> int:
    settings = load()
    vault = key_files.open_vault(settings, say)
    record = customer(settings, vault, arguments.customer)
    if arguments.profile not in load_profiles(settings.authority.profiles):
        raise NotFound(f"there is no profile {arguments.profile}; `ca profiles` lists them")
    authority = key_files.open_authority(settings, vault, say)
    dates = (arguments.not_before, arguments.not_after)
    certificate = issue(authority, record.customer_id, record.name, record.idn, *dates, profile=arguments.profile)
    values: Values = {
        "serial": f"{certificate.serial:X}",
        "not_before": certificate.not_before.isoformat(),
        "not_after": certificate.not_after.isoformat(),
    }
    return show(arguments, values)


def issue(
    authority: ca.Authority,
    holder: str,
    name: str,
    idn: str,
    begin: date | None,
    end: date | None,
    profile: str = "personal",
) -> ca.Certificate:
    """Issue to a key that nobody keeps: the certificate that its holder has lost."""
    key = generate_key()
    order = ca.Order(
        request_id=by_hand(),
        holder=holder,
        name=name,
        idn=idn,
        random_number=key.random_number,
        spki=key.spki,
        profile=profile,
        not_before=begin,
        not_after=end,
    )
    return authority.issue(order)


def _status(arguments: argparse.Namespace) -> int:
    authority = opened(load())
    if arguments.serial:
        return show(arguments, values_of(found(authority, arguments.serial)))
    records = authority.certificates(arguments.customer)
    return show_all(arguments, [values_of(each) for each in records])


def _revoke(arguments: argparse.Namespace) -> int:
    authority = opened(load())
    serial = found(authority, arguments.serial).serial
    return show(arguments, values_of(authority.revoke(serial, ca.Reason(arguments.reason), by_hand())))


def _hold(arguments: argparse.Namespace) -> int:
    authority = opened(load())
    return show(arguments, values_of(authority.hold(found(authority, arguments.serial).serial, by_hand())))


def _release(arguments: argparse.Namespace) -> int:
    authority = opened(load())
    return show(arguments, values_of(authority.release(found(authority, arguments.serial).serial, by_hand())))


def _crl(arguments: argparse.Namespace) -> int:
    authority = opened(load())
    arguments.to.mkdir(parents=True, exist_ok=True)
    lists = {"issuing.crl": authority.crl(), "root.crl": authority.root_crl()}
    lists |= {f"{name}.pem": _crl_pem(der) for name, der in lists.items()}
    for name, content in lists.items():
        (arguments.to / name).write_bytes(content)
    return show(arguments, {name: str(arguments.to / name) for name in lists})


def _export(arguments: argparse.Namespace) -> int:
    authority = opened(load())
    record, chain = found(authority, arguments.serial), authority.chain
    arguments.to.mkdir(parents=True, exist_ok=True)
    written = {
        "cert.der": record.der,
        "issuing.pem": _pem(chain.issuing),
        "root.pem": _pem(chain.root),
    }
    for name, content in written.items():
        (arguments.to / name).write_bytes(content)
    return show(arguments, {name: str(arguments.to / name) for name in written})


def _pem(der: bytes) -> bytes:
    return x509.load_der_x509_certificate(der).public_bytes(Encoding.PEM)


def _crl_pem(der: bytes) -> bytes:
    return x509.load_der_x509_crl(der).public_bytes(Encoding.PEM)
