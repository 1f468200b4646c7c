"""From the settings to an engine: reads the files that they name, and says what is wrong with one."""

from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from bot.core.clock import Clock
from bot.issuing.key_pool import KeyPool
from bot.issuing.outside.cmp import CmpEngine, Controls
from bot.issuing.outside.django_ca import Access, DjangoCaEngine
from bot.issuing.outside.http import CmpOverHttp
from bot.issuing.outside.issuer import OutsideIssuer
from bot.issuing.outside.orders import OutsideStore
from bot.issuing.outside.protocol import Engine
from bot.settings.settings import CmpPlace, DjangoCaPlace, SettingWrong
from bot.storage.database import Database
from bot.storage.sealing import Sealing
from ca.cmp.client import Client, Dialect, Secret, Signing, Trust
from ca.cmp.protection import (
    OID_HMAC_SHA1,
    OID_HMAC_SHA256,
    OID_HMAC_SHA384,
    OID_HMAC_SHA512,
    OID_SHA1,
    OID_SHA256,
)
from ca.keys.signer import SoftSigner

FOR_OTHERS = 0o077
#: The key derivation keeps to SHA-256, but for an authority that knows neither.
MACS = {
    "sha1": (OID_SHA1, OID_HMAC_SHA1),
    "sha256": (OID_SHA256, OID_HMAC_SHA256),
    "sha384": (OID_SHA256, OID_HMAC_SHA384),
    "sha512": (OID_SHA256, OID_HMAC_SHA512),
}


def issuer(
    place: CmpPlace | DjangoCaPlace, vault: Sealing, database: Database, clock: Clock, keys: KeyPool
) -> OutsideIssuer:
    """Raise `SettingWrong` for a file that cannot be used."""
    return OutsideIssuer(engine(place), database, OutsideStore(vault), clock, keys)


def engine(place: CmpPlace | DjangoCaPlace) -> Engine:
    """Raise `SettingWrong` for a file that cannot be used."""
    if isinstance(place, CmpPlace):
        return _cmp(place)
    url = place.url if place.url.endswith("/") else f"{place.url}/"
    password = secret(place.password_file).decode()
    access = Access(url, place.serial, place.profile, place.user, password)
    return DjangoCaEngine(access, certificates(place.trust))


def _cmp(place: CmpPlace) -> CmpEngine:
    trust = certificates(place.trust)
    owf, mac = MACS[place.mac]
    client = Client(
        _credentials(place),
        Trust(trust),
        x509.load_der_x509_certificate(trust[0]).subject.public_bytes(),
        Dialect(pvno=place.version, owf=owf, mac=mac),
    )
    controls = Controls("oldCertID" in place.controls, "identifyData" in place.controls)
    return CmpEngine(client, CmpOverHttp(place.url, place.seconds), controls)


def _credentials(place: CmpPlace) -> Secret | Signing:
    if place.secret_file is not None:
        return Secret(place.reference.encode(), secret(place.secret_file))
    assert place.certificate is not None
    assert place.key_file is not None
    own, *chain = certificates(place.certificate)
    try:
        key = load_pem_private_key(secret(place.key_file), None)
    except (ValueError, TypeError) as error:
        raise SettingWrong(f"{place.key_file}: no PEM key without a password") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise SettingWrong(f"{place.key_file}: an RSA key is needed")
    return Signing(own, SoftSigner(key), tuple(chain))


def certificates(path: Path) -> tuple[bytes, ...]:
    """Return the certificates of a PEM file in their order, DER."""
    try:
        found = x509.load_pem_x509_certificates(path.read_bytes())
    except OSError as error:
        raise SettingWrong(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise SettingWrong(f"{path}: no certificates in PEM") from error
    return tuple(each.public_bytes(Encoding.DER) for each in found)


def secret(path: Path) -> bytes:
    """Return what the file holds, without white space around it; nobody else may read it."""
    try:
        if path.stat().st_mode & FOR_OTHERS:
            raise SettingWrong(f"{path}: others may read it; chmod 600 {path}")
        content = path.read_bytes().strip()
    except OSError as error:
        raise SettingWrong(f"{path}: {error.strerror}") from error
    if not content:
        raise SettingWrong(f"{path}: it is empty")
    return content
