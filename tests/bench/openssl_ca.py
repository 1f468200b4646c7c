"""The programs that the authority is compared with: `openssl ca` and `openssl ocsp` with the same key.

Each is used as its manual says, on `index.txt`; neither syncs what it writes.
"""

import subprocess
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from cryptography.x509.oid import NameOID

#: The extensions of our profile, so that both certificates have one size.
SETTINGS = """
[ca]
default_ca = here
[here]
database = {folder}/index.txt
new_certs_dir = {folder}/certificates
certificate = {folder}/issuing.pem
private_key = {folder}/issuing.key.pem
crlnumber = {folder}/crlnumber
rand_serial = yes
unique_subject = no
default_md = sha256
default_days = 365
default_crl_days = 1
email_in_dn = no
policy = anything
x509_extensions = customer
crl_extensions = list
[anything]
countryName = optional
organizationName = optional
organizationalUnitName = optional
commonName = supplied
[list]
authorityKeyIdentifier = keyid:always
[customer]
authorityKeyIdentifier = keyid:always, issuer:always
subjectKeyIdentifier = hash
keyUsage = critical, digitalSignature, nonRepudiation
certificatePolicies = critical, @policy
subjectAltName = otherName:1.2.410.200004.10.1.1;UTF8:{identity}
crlDistributionPoints = URI:http://ca.reissue.example/crl/issuing/0.crl
authorityInfoAccess = OCSP;URI:http://ca.reissue.example/ocsp, caIssuers;URI:http://ca.reissue.example/ca/issuing.cer
[policy]
policyIdentifier = 1.3.6.1.4.1.32473.1.1
CPS.1 = http://ca.reissue.example/cps
userNotice.1 = @notice
[notice]
explicitText = this certificate is for tests
"""
IDENTITY_BYTES = 90  #: As many bytes as a name and its VID.


def version() -> str:
    return subprocess.run(("openssl", "version"), capture_output=True, text=True, check=True).stdout.strip()


def csr(number: int, key: rsa.RSAPrivateKey) -> bytes:
    """Return a PKCS#10 request, PEM, with a name like ours."""
    values = {
        NameOID.COUNTRY_NAME: "kr",
        NameOID.ORGANIZATION_NAME: "reissue-bot",
        NameOID.ORGANIZATIONAL_UNIT_NAME: "IBK",
        NameOID.COMMON_NAME: f"홍길동()003041{number:016d}",
    }
    name = x509.Name([x509.NameAttribute(oid, value) for oid, value in values.items()])
    made = x509.CertificateSigningRequestBuilder().subject_name(name).sign(key, hashes.SHA256())
    return made.public_bytes(Encoding.PEM)


class StockAuthority:
    """`openssl ca` with our issuing key, which is not encrypted here."""

    def __init__(self, folder: Path, certificate: bytes, pkcs8: bytes, passphrase: bytes) -> None:
        self.folder = folder
        (folder / "certificates").mkdir(parents=True)
        key = load_der_private_key(pkcs8, passphrase)
        assert isinstance(key, rsa.RSAPrivateKey)
        self.keep("issuing", certificate, key)
        (folder / "settings.cnf").write_text(SETTINGS.format(folder=folder, identity="x" * IDENTITY_BYTES))
        (folder / "crlnumber").write_text("01\n")
        self.index = folder / "index.txt"
        self.index.write_text("")
        (folder / "index.txt.attr").write_text("unique_subject = no\n")

    def keep(self, name: str, certificate: bytes, key: rsa.RSAPrivateKey) -> None:
        """Write a certificate and its key as PEM, without encryption."""
        plain = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (self.folder / f"{name}.key.pem").write_bytes(plain)
        read = x509.load_der_x509_certificate(certificate)
        (self.folder / f"{name}.pem").write_bytes(read.public_bytes(Encoding.PEM))

    def sign_one(self, request: Path) -> None:
        """One process per certificate, as a program that asks for one certificate starts it."""
        self._ca("-in", str(request), "-out", str(self.folder / "one.pem"))

    def sign_all(self, requests: Iterable[Path]) -> None:
        """One process for all: nothing is written before the last one is signed."""
        self._ca("-outdir", str(self.folder / "certificates"), "-infiles", *map(str, requests))

    def list_revoked(self) -> Path:
        """Make the CRL, PEM."""
        path = self.folder / "list.pem"
        self._ca("-gencrl", "-out", str(path))
        return path

    def _ca(self, *arguments: str) -> None:
        command = (
            "openssl",
            "ca",
            "-batch",
            "-notext",
            "-utf8",
            "-config",
            str(self.folder / "settings.cnf"),
        )
        done = subprocess.run((*command, *arguments), capture_output=True, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr.decode()[-2000:])


def index_line(serial: int, until: datetime, revoked: tuple[datetime, str] | None = None) -> str:
    """Return a line of `index.txt`: state, expiry, when and why revoked, serial, file, name."""
    state = "R" if revoked else "V"
    since = f"{_time(revoked[0])},{revoked[1]}" if revoked else ""
    digits = f"{serial:X}"
    padded = digits.zfill(len(digits) + len(digits) % 2)
    return f"{state}\t{_time(until)}\t{since}\t{padded}\tunknown\t/C=kr/O=reissue-bot/CN={serial % 10**7}\n"


def _time(moment: datetime) -> str:
    return f"{moment:%y%m%d%H%M%SZ}"
