"""The NPKI folder, as tools on every system expect it: NPKI/<authority>/USER/<subject>/."""

import io
import unicodedata
import zipfile
from collections.abc import Iterator

from cryptography import x509
from cryptography.x509.oid import NameOID

KEYS = {
    NameOID.COUNTRY_NAME: "c",
    NameOID.ORGANIZATION_NAME: "o",
    NameOID.ORGANIZATIONAL_UNIT_NAME: "ou",
    NameOID.COMMON_NAME: "cn",
}
#: Characters that a file system, or the tools' own parsing of the name, would misread.
UNSAFE = dict.fromkeys(map(ord, '/\\:*?"<>|,'), "_") | dict.fromkeys(range(32), "_")
#: A zip knows no time zone and nothing before 1980; with a fixed time the same files make the same zip.
ZIP_TIME = (1980, 1, 1, 0, 0, 0)


def folder_name(certificate: bytes) -> str:
    """Return the subject as a folder: lower-case keys, most specific first, no spaces, in NFC."""
    subject = x509.load_der_x509_certificate(certificate).subject
    parts = [f"{KEYS.get(part.oid, part.oid.dotted_string)}={_safe(str(part.value))}" for part in subject]
    return ",".join(reversed(parts))


def authority_folder(certificate: bytes) -> str:
    """Return the folder of the issuer: its O, as in `yessign`."""
    issuer = x509.load_der_x509_certificate(certificate).issuer
    return _safe(str(issuer.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)[0].value))


def npki_zip(certificate: bytes, signpri: bytes, *, chain: tuple[bytes, ...] = ()) -> bytes:
    """Return a zip to unpack where NPKI folders live; the chain lies beside USER, named by key id and serial."""
    authority = f"NPKI/{authority_folder(certificate)}"
    user = f"{authority}/USER/{folder_name(certificate)}"
    files = [(f"{user}/signCert.der", certificate), (f"{user}/signPri.key", signpri)]
    return _zip([*files, *((f"{authority}/{name}", der) for name, der in _above(chain))])


def _above(chain: tuple[bytes, ...]) -> Iterator[tuple[str, bytes]]:
    for der in chain:
        certificate = x509.load_der_x509_certificate(der)
        key_id = certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
        yield f"{key_id.hex().upper()}_{certificate.serial_number}.der", der


def _zip(files: list[tuple[str, bytes]]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files:
            entry = zipfile.ZipInfo(name, ZIP_TIME)
            entry.external_attr = 0o600 << 16
            archive.writestr(entry, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def _safe(value: str) -> str:
    """Keep a folder name from leaving its folder: NFC, no separators, no dots alone, no spaces."""
    fit = unicodedata.normalize("NFC", value).translate(UNSAFE).replace(" ", "")
    return fit.strip(".") or "_"
