"""`openssl cmp -port`: an authority that nobody here wrote. It returns one certificate that was made before."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
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

from tests.support.authority import key
from tests.support.authority_server import free_port

PATIENCE = 20.0
SECRET = "a-secret-between-two-offices-0123456789"
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


def private(number: int) -> rsa.RSAPrivateKey:
    loaded = load_der_private_key(key(number).pkcs8, None)
    assert isinstance(loaded, rsa.RSAPrivateKey)
    return loaded


@dataclass(frozen=True)
class StockAuthority:
    """Its files: a root that signs everything, whose key is `key(9)`."""

    folder: Path

    @classmethod
    def made(cls, folder: Path) -> "StockAuthority":
        folder.mkdir()
        authority = cls(folder)
        authority.certify("root", 9)
        pem = private(9).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (folder / "root.key").write_bytes(pem)
        return authority

    def certify(self, name: str, number: int) -> x509.Certificate:
        """Make a certificate of this name for a key, and write it as `<name>.pem`."""
        root = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "stock root")])
        subject = root if name == "root" else x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)])
        usage = dict.fromkeys(
            ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
             "decipher_only"), False,
        )  # fmt: skip
        ours = x509.KeyUsage(digital_signature=True, key_cert_sign=name == "root", crl_sign=name == "root", **usage)
        certificate = (
            x509.CertificateBuilder(root, subject, private(number).public_key(), 1 + number)
            .not_valid_before(BEGIN)
            .not_valid_after(BEGIN + timedelta(days=3650))
            .add_extension(x509.BasicConstraints(name == "root", None), critical=True)
            .add_extension(ours, critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(private(number).public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(private(9).public_key()), critical=False)
            .sign(private(9), hashes.SHA256())
        )
        (self.folder / f"{name}.pem").write_bytes(certificate.public_bytes(Encoding.PEM))
        return certificate

    @contextmanager
    def answering(self, certificate: str, *options: str, port: int = 0) -> Iterator[str]:
        """Return this certificate for every request, and revoke it; yield the address."""
        port = port or free_port()
        command = [
            "openssl",
            "cmp",
            "-config",
            "",
            "-port",
            str(port),
            "-rsp_cert",
            f"{certificate}.pem",
            *options,
        ]
        with (self.folder / "said.txt").open("ab") as said:
            process = subprocess.Popen(command, cwd=self.folder, stdout=said, stderr=said)
            try:
                wait_for(port, process)
                yield f"http://127.0.0.1:{port}/pkix/"
            finally:
                process.kill()
                process.wait()

    @property
    def said(self) -> str:
        return (self.folder / "said.txt").read_text(errors="replace")


BY_SECRET = ("-srv_ref", "stock", "-srv_secret", f"pass:{SECRET}")


def wait_for(port: int, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        assert process.poll() is None, "the stock authority did not start"
        with socket.socket() as line:
            if line.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.02)
    raise AssertionError("the stock authority does not listen")
