"""`reissue-bot ca adopt`: take over a certificate of the outside authority, as the one that a reissue replaces."""

import argparse
import asyncio
import json
import sys
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

import ca
from bot.cli.register import find_customer
from bot.core.clock import SystemClock
from bot.issuing import key_files
from bot.issuing.key_pool import KeyPool
from bot.issuing.port import HeldCertificate
from bot.settings.reading import PREFIX, SettingWrong
from bot.settings.settings import OutsideSettings, Settings, load
from bot.storage.opening import open_database


class NotAdopted(Exception):
    """The customer or the certificate is not one that can be taken over."""


def add_to(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    adopt = actions.add_parser(
        "adopt", help="take over a certificate that an outside authority has issued to a customer"
    )
    adopt.add_argument("--customer", required=True, metavar="ID")
    adopt.add_argument("--certificate", required=True, type=Path, metavar="FILE", help="DER or PEM")
    adopt.add_argument("--json", action="store_true", help="print JSON")
    adopt.set_defaults(command=_adopt)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _adopt(arguments: argparse.Namespace) -> int:
    certificate, settings = _read(arguments.certificate), load()
    if settings.outside is None:
        raise SettingWrong(f"{PREFIX}CA_ENGINE is embedded, which knows its own certificates; set cmp or django-ca")
    vault = key_files.open_vault(settings, _say)
    if find_customer(settings, vault, arguments.customer) is None:
        raise NotAdopted(f"there is no customer {arguments.customer} in the register")
    held = asyncio.run(_adopted(settings, settings.outside, vault, arguments.customer, certificate))
    values = {
        "serial": held.serial,
        "status": held.status,
        "not_before": held.not_before.isoformat(),
        "not_after": held.not_after.isoformat(),
    }
    if arguments.json:
        sys.stdout.write(json.dumps(values) + "\n")
    else:
        sys.stdout.writelines(f"{name} {value}\n" for name, value in values.items())
    return 0


def _read(path: Path) -> bytes:
    """Return the certificate, DER."""
    data = path.read_bytes()
    try:
        if data.startswith(b"-----"):
            return x509.load_pem_x509_certificate(data).public_bytes(Encoding.DER)
        return x509.load_der_x509_certificate(data).public_bytes(Encoding.DER)
    except ValueError as error:
        raise NotAdopted(f"{path}: no certificate in DER or PEM") from error


async def _adopted(
    settings: Settings, place: OutsideSettings, vault: ca.Vault, customer: str, certificate: bytes
) -> HeldCertificate:
    from bot.issuing.outside import build  # noqa: PLC0415 - a web client, which no other command needs

    database = await open_database(settings.storage.database_url)
    try:
        issuer = build.issuer(place, vault, database, SystemClock(), KeyPool())
        return await issuer.adopt(customer, certificate)
    except ValueError as error:
        raise NotAdopted(str(error)) from error
    finally:
        await database.close()
