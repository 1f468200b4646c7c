import base64
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding
from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key
from cryptography.x509.oid import NameOID

from ca import CaRefusal
from ca.asn1 import tlv
from ca.asn1.der import Oid, spki_bytes
from ca.requests import key_rules
from ca.requests.pkcs10 import read_pkcs10, verify_possession
from tests.hostile import wire
from tests.support.authority import key

R = bytes(range(20))
SHA256_RSA = Oid("1.2.840.113549.1.1.11")


@dataclass(frozen=True)
class Applicant:
    """Somebody who asks with OpenSSL, as `cryptography` wraps it."""

    private: object

    def asks(self, digest: hashes.HashAlgorithm | None = None) -> x509.CertificateSigningRequest:
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "whoever")])
        builder = x509.CertificateSigningRequestBuilder().subject_name(subject)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        return builder.sign(self.private, digest or hashes.SHA256())


@cache
def applicant(kind: str = "rsa") -> Applicant:
    kinds = {
        "rsa": lambda: load_der_private_key(key(0).pkcs8, None),
        "P-256": lambda: ec.generate_private_key(ec.SECP256R1()),
        "P-384": lambda: ec.generate_private_key(ec.SECP384R1()),
    }
    return Applicant(kinds[kind]())


def der(request: x509.CertificateSigningRequest) -> bytes:
    return request.public_bytes(Encoding.DER)


@pytest.mark.parametrize("kind", ["rsa", "P-256", "P-384"])
@pytest.mark.parametrize("digest", [hashes.SHA256(), hashes.SHA384(), hashes.SHA512()])
@pytest.mark.parametrize("encoding", [Encoding.DER, Encoding.PEM])
def test_an_honest_request_gives_its_key(kind: str, digest: hashes.HashAlgorithm, encoding: Encoding) -> None:
    asked = applicant(kind).asks(digest)
    read = read_pkcs10(asked.public_bytes(encoding))
    assert read.spki == spki_bytes(applicant(kind).private.public_key())
    assert read.subject == asked.subject.public_bytes()
    assert read.random_number is None


def test_r_comes_along_as_an_attribute() -> None:
    subject = wire.info(wire.name("whoever"), key(0).spki, wire.random_number(R))
    assert read_pkcs10(signed(subject)).random_number == R


def signed(info: bytes) -> bytes:
    signature = applicant().private.sign(info, padding.PKCS1v15(), hashes.SHA256())
    algorithm = wire.tlv(wire.SEQUENCE, wire.oid(SHA256_RSA.dotted_string), wire.NULL)
    return wire.request(info, algorithm, signature)


@pytest.mark.parametrize("options", [["-newkey", "rsa:2048"], ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]])
def test_the_request_of_a_stock_program_is_read(options: list[str], tmp_path: Path) -> None:
    out = tmp_path / "request.pem"
    command = [
        "openssl",
        "req",
        "-new",
        "-nodes",
        "-subj",
        "/CN=x",
        "-keyout",
        tmp_path / "key.pem",
        "-out",
        out,
    ]
    subprocess.run([*command, *options], check=True, capture_output=True)
    assert read_pkcs10(out.read_bytes()).spki == spki_bytes(x509.load_pem_x509_csr(out.read_bytes()).public_key())


def pem(label: str = "CERTIFICATE REQUEST") -> bytes:
    body = base64.encodebytes(der(applicant().asks()))
    return f"-----BEGIN {label}-----\n".encode() + body + f"-----END {label}-----\n".encode()


def test_the_older_label_is_read() -> None:
    assert read_pkcs10(pem("NEW CERTIFICATE REQUEST")).spki == key(0).spki


def with_r(*attributes: bytes) -> bytes:
    return signed(wire.info(wire.name("x"), key(0).spki, b"".join(attributes)))


REFUSED = [
    ("too_large", lambda: bytes(key_rules.MAX_BYTES + 1)),
    ("unreadable", lambda: b""),
    ("unreadable", lambda: b"hello"),
    ("unreadable", lambda: der(applicant().asks()) + b"\x00"),
    ("unreadable", lambda: der(applicant().asks())[:-1]),
    ("unreadable", lambda: b"\x30\x80" * 4000),
    ("too_deep", lambda: with_r(wire.tlv(0x30, wire.oid("1.2.3"), wire.tlv(0x31, nested(100))))),
    ("armour", lambda: pem() + pem()),
    ("armour", lambda: pem("RSA PRIVATE KEY")),
    ("unreadable", lambda: signed(wire.info(wire.name("x"), key(0).spki, version=wire.integer(1)))),
    ("unreadable", lambda: signed(wire.info(wire.name("x"), key(0).spki) + b"\x05\x00")),
    ("broken_digest", lambda: resigned("1.2.840.113549.1.1.5")),
    ("signature_algorithm", lambda: resigned("1.2.840.113549.1.1.10")),
    ("signature_algorithm", lambda: resigned("1.2.840.10045.4.3.2", b"")),
    ("signature_algorithm", lambda: resigned("1.2.840.10045.4.3.2")),
    ("signature_algorithm", lambda: resigned("1.2.840.113549.1.1.11", b"\x04\x00")),
    ("possession", lambda: resigned("1.2.840.113549.1.1.12")),
    ("possession", lambda: signed(wire.info(wire.name("x"), key(1).spki))),
    ("random_number", lambda: with_r(wire.random_number(R), wire.random_number(R))),
    ("random_number", lambda: with_r(wire.random_number(R[:19]))),
    ("random_number", lambda: with_r(wire.random_number(bytes(65)))),
]


def resigned(dotted: str, parameters: bytes = wire.NULL) -> bytes:
    """Return a request under this algorithm's name, its signature being RSA with SHA-256."""
    info, _, signature = tlv.sequence(with_r())
    algorithm = wire.tlv(wire.SEQUENCE, wire.oid(dotted), parameters)
    return wire.request(info.encoded, algorithm, signature.content[1:])


@pytest.mark.parametrize(("reason", "make"), REFUSED, ids=[f"{n}-{reason}" for n, (reason, _) in enumerate(REFUSED)])
def test_each_fault_has_its_reason(reason: str, make: object) -> None:
    with pytest.raises(CaRefusal, match=f"R15 reason={reason}$"):
        read_pkcs10(make())


def test_a_key_that_the_profile_does_not_allow_is_refused() -> None:
    with pytest.raises(CaRefusal, match="reason=curve"):
        read_pkcs10(der(applicant("P-256").asks()), rule=key_rules.RSA_ONLY)


def test_an_absurd_key_is_refused_before_its_signature_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ca.requests.pkcs10.load_der_public_key", None)
    with pytest.raises(CaRefusal, match="reason=key_size"):
        verify_possession(wire.rsa_spki(2**16000 + 1, 65537), b"", b"", SHA256_RSA)


def test_possession_may_be_proved_over_any_message() -> None:
    signature = applicant().private.sign(b"certReq", padding.PKCS1v15(), hashes.SHA256())
    verify_possession(key(0).spki, b"certReq", signature, SHA256_RSA)
    with pytest.raises(CaRefusal, match="reason=possession"):
        verify_possession(key(0).spki, b"another certReq", signature, SHA256_RSA)


def nested(depth: int) -> bytes:
    inner = b"\x05\x00"
    for _ in range(depth - 1):
        inner = wire.tlv(wire.SEQUENCE, inner)
    return inner


@pytest.mark.parametrize(("depth", "passes"), [(16, True), (17, False), (8000, False)])
def test_a_bomb_is_counted_not_entered(depth: int, passes: bool) -> None:
    if passes:
        tlv.check_depth(nested(depth), 16)
    else:
        with pytest.raises(tlv.TooDeep):
            tlv.check_depth(nested(depth), 16)


@pytest.mark.parametrize("data", [b"\x30\x03\x30\x02\x05", b"\x05\x00\x05\x00", b"\x30\x03\x30\x02\x05\x00", b"\x30"])
def test_lengths_must_fit_into_each_other(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"larger|nothing after|cut off|no length"):
        tlv.check_depth(data, 16)
