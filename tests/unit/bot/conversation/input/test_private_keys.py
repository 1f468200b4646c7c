"""Keys in every form a customer may have; what a case needs is let through."""

import base64
import io
import zipfile
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    pkcs12,
)
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.input import private_keys
from bot.conversation.input.forbidden import recognise, recognise_file

RSA = rsa.generate_private_key(65537, 2048)
EC = ec.generate_private_key(ec.SECP256R1())
NAME = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "홍길동()0003041")])
LOCKED = BestAvailableEncryption(b"x")
#: EncryptedPrivateKeyInfo as Korean clients write it: SEED-CBC with SHA-1, salt, 2048 rounds; and its PBES2 form.
SEED_PBES1 = (
    bytes.fromhex("3082051030 1a06082a831a8c9a44010f300e040801020304050607080202 0800048204f0".replace(" ", ""))
    + b"x" * 64
)
SEED_PBES2 = bytes.fromhex("3082053a304806092a864886f70d01050d303b") + b"x" * 59 + bytes.fromhex("048204ec") + b"x" * 64


def certificate() -> x509.Certificate:
    day = datetime(2026, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(NAME, NAME, RSA.public_key(), 1, day, day.replace(year=2027))
    return builder.sign(RSA, SHA256())


def request() -> x509.CertificateSigningRequest:
    return x509.CertificateSigningRequestBuilder(NAME).sign(RSA, SHA256())


def rsa_key(form: PrivateFormat, lock: KeySerializationEncryption, encoding: Encoding = Encoding.DER) -> bytes:
    return RSA.private_bytes(encoding, form, lock)


KEYS = {
    "pkcs8": rsa_key(PrivateFormat.PKCS8, NoEncryption()),
    "pkcs8-locked": rsa_key(PrivateFormat.PKCS8, LOCKED),
    "pkcs1": rsa_key(PrivateFormat.TraditionalOpenSSL, NoEncryption()),
    "pem": rsa_key(PrivateFormat.PKCS8, LOCKED, Encoding.PEM),
    "pem-rsa": rsa_key(PrivateFormat.TraditionalOpenSSL, NoEncryption(), Encoding.PEM),
    "openssh": rsa_key(PrivateFormat.OpenSSH, NoEncryption(), Encoding.PEM),
    "sec1": EC.private_bytes(Encoding.DER, PrivateFormat.TraditionalOpenSSL, NoEncryption()),
    "ec-pkcs8": EC.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
    "ed25519": ed25519.Ed25519PrivateKey.generate().private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
    "p12": pkcs12.serialize_key_and_certificates(b"n", RSA, certificate(), None, LOCKED),
    "seed-pbes1": SEED_PBES1,
    "seed-pbes2": SEED_PBES2,
}
HARMLESS = {
    "certificate": certificate().public_bytes(Encoding.DER),
    "certificate-pem": certificate().public_bytes(Encoding.PEM),
    "request": request().public_bytes(Encoding.DER),
    "request-pem": request().public_bytes(Encoding.PEM),
    "public-key": RSA.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo),
    "public-key-pem": RSA.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
    "signature": EC.sign(b"x", ec.ECDSA(SHA256())),
    "empty": b"",
    "text": "개인키 파일을 어디에 두나요?".encode(),
}


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_is_known_by_its_first_bytes(kind: str) -> None:
    for head in (KEYS[kind], KEYS[kind][:512]):
        assert recognise_file("document.bin", "application/octet-stream", head) == "private_key_file"


@pytest.mark.parametrize("kind", HARMLESS)
def test_what_is_no_key_is_let_through(kind: str) -> None:
    assert recognise_file("document.bin", "application/octet-stream", HARMLESS[kind]) is None


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_pasted_as_text_is_known(kind: str) -> None:
    pasted = KEYS[kind].decode() if KEYS[kind].startswith(b"-") else base64.encodebytes(KEYS[kind]).decode()
    assert recognise(f"제 키입니다\n{pasted}") == "private_key"


@pytest.mark.parametrize("kind", ["certificate-pem", "request-pem", "public-key-pem"])
def test_a_pasted_request_is_let_through(kind: str) -> None:
    assert recognise(HARMLESS[kind].decode()) is None


@pytest.mark.parametrize(
    ("name", "mime", "expected"),
    [
        ("signPri.key", "application/octet-stream", "private_key_file"),
        ("SIGNPRI.KEY ", "", "private_key_file"),
        ("홍길동.p12", "application/x-pkcs12", "private_key_file"),
        ("cert.pfx", "", "private_key_file"),
        ("store.jks", "", "private_key_file"),
        ("../../signPri.key", "", "private_key_file"),
        ("photo", "image/jpeg", "id_photo"),
        ("주민등록증.JPG", "application/octet-stream", "id_photo"),
        ("id.heic", "", "id_photo"),
        ("signCert.der", "application/octet-stream", None),
        ("request.csr", "application/pkcs10", None),
        ("request.pem", "", None),
        ("위임장.pdf", "application/pdf", None),
        ("", "", None),
        ("key", "", None),
    ],
)
def test_a_file_is_judged_by_name_and_type_before_the_download(name: str, mime: str, expected: str | None) -> None:
    assert recognise_file(name, mime, None) == expected


@pytest.mark.parametrize(
    "head",
    [
        b"\xff\xd8\xff\xe0\x00\x10JFIF",
        b"\x89PNG\r\n\x1a\n....",
        b"GIF89a",
        b"RIFF\x00\x00\x00\x00WEBPVP8 ",
        b"\x00\x00\x00\x18ftypheic\x00\x00",
        b"II*\x00\x08\x00",
    ],
)
def test_a_photo_is_known_by_its_first_bytes(head: bytes) -> None:
    assert recognise_file("scan.dat", "application/octet-stream", head) == "id_photo"


def test_a_folder_of_keys_in_an_archive_is_known() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("NPKI/yessign/USER/signPri.key", b"x")
    assert recognise_file("NPKI.zip", "application/zip", packed.getvalue()) == "private_key_file"


@given(st.binary(max_size=300))
def test_no_bytes_break_it(head: bytes) -> None:
    for begin in (b"", b"\x30", b"\x30\x82\x05\x10", b"\x30\x80", b"\x30\x84\xff\xff\xff\xff"):
        assert private_keys.holds_key(begin + head) in {True, False}
        private_keys.is_photo(begin + head)


@given(st.text(max_size=400))
def test_no_name_and_no_text_breaks_it(text: str) -> None:
    recognise_file(text, text, None)
    private_keys.holds_key_in_base64(text)
