"""Builds the issuer for an authority outside from its settings: reads the files they name, and says what is wrong."""

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
from bot.settings.concerns import CmpSettings
from bot.settings.reading import SettingWrong
from bot.settings.settings import OutsideSettings
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
#: The key derivation uses SHA-256, except for an authority that knows only SHA-1.
MACS = {
    "sha1": (OID_SHA1, OID_HMAC_SHA1),
    "sha256": (OID_SHA256, OID_HMAC_SHA256),
    "sha384": (OID_SHA256, OID_HMAC_SHA384),
    "sha512": (OID_SHA256, OID_HMAC_SHA512),
}


def issuer(settings: OutsideSettings, vault: Sealing, database: Database, clock: Clock, keys: KeyPool) -> OutsideIssuer:
    """Raise `SettingWrong` for a file that cannot be used."""
    return OutsideIssuer(engine(settings), database, OutsideStore(vault), clock, keys)


def engine(settings: OutsideSettings) -> Engine:
    """Raise `SettingWrong` for a file that cannot be used."""
    if isinstance(settings, CmpSettings):
        return _cmp(settings)
    url = settings.url if settings.url.endswith("/") else f"{settings.url}/"
    password = secret(settings.password_file).decode()
    access = Access(url, settings.serial, settings.profile, settings.user, password)
    return DjangoCaEngine(access, certificates(settings.trust))


def _cmp(settings: CmpSettings) -> CmpEngine:
    trust = certificates(settings.trust)
    owf, mac = MACS[settings.mac]
    client = Client(
        _credentials(settings),
        Trust(trust),
        x509.load_der_x509_certificate(trust[0]).subject.public_bytes(),
        Dialect(pvno=int(settings.version), owf=owf, mac=mac),
    )
    controls = Controls("oldCertID" in settings.controls, "identifyData" in settings.controls)
    return CmpEngine(client, CmpOverHttp(settings.url, settings.seconds), controls)


def _credentials(settings: CmpSettings) -> Secret | Signing:
    if settings.secret_file is not None:
        return Secret(settings.reference.encode(), secret(settings.secret_file))
    assert settings.certificate is not None
    assert settings.key_file is not None
    own, *chain = certificates(settings.certificate)
    try:
        key = load_pem_private_key(secret(settings.key_file), None)
    except (ValueError, TypeError) as error:
        raise SettingWrong(f"{settings.key_file}: no PEM key without a password") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise SettingWrong(f"{settings.key_file}: an RSA key is needed")
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
    """Return the content of the file, without white space around it; nobody else may be able to read the file."""
    try:
        if path.stat().st_mode & FOR_OTHERS:
            raise SettingWrong(f"{path}: others may read it; chmod 600 {path}")
        content = path.read_bytes().strip()
    except OSError as error:
        raise SettingWrong(f"{path}: {error.strerror}") from error
    if not content:
        raise SettingWrong(f"{path}: it is empty")
    return content
