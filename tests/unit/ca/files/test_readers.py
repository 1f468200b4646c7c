"""What a customer brings is read whole, or refused by the name of its fault; nothing else escapes."""

import io
import subprocess
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_der_private_key,
)
from pypinksign.test_pinkSign import TEST_CERT

from ca import files
from ca.files import (
    FileBroken,
    FileFault,
    Mismatch,
    Scheme,
    TooBig,
    UnsupportedScheme,
    WrongKeyPassword,
    WrongKind,
    npki_zip,
    open_pair,
    open_pfx,
    read_certificate,
    read_npki_folder,
    read_npki_zip,
    read_pem,
    read_signpri,
    write_pem,
    write_pfx,
    write_signpri,
)
from ca.files.certificate import Purpose
from tests.support.authority import key
from tests.support.genuine_npki import (
    CERTIFICATE,
    GENUINE_PASSWORD,
    KEY,
    PASSWORD,
    SEALED,
    genuine,
    is_genuine,
)


def test_the_genuine_certificate_says_what_it_is_for() -> None:
    summary = read_certificate(CERTIFICATE)
    assert summary.issuer == TEST_CERT["issuer"]
    assert summary.issuer_name == TEST_CERT["certClass"]
    assert summary.common_name == TEST_CERT["cn"]
    assert summary.real_name == "HKD"
    assert summary.serial == TEST_CERT["serialnum"]
    assert summary.policy == TEST_CERT["typeOid"]
    assert summary.purpose == Purpose("yessign", "finance", "person")
    assert summary.not_before == datetime(2020, 2, 24, 15, tzinfo=UTC)
    assert summary.not_after == datetime(2020, 3, 25, 14, 59, 59, tzinfo=UTC)


def test_the_genuine_set_is_opened_with_r() -> None:
    assert is_genuine(open_pair(CERTIFICATE, genuine("signPri"), GENUINE_PASSWORD))
    assert is_genuine(open_pfx(genuine("pfx"), GENUINE_PASSWORD.decode()))


@pytest.mark.parametrize("compatible", [False, True])
@pytest.mark.parametrize("password", [PASSWORD, "비밀번호-Horse-9"])
def test_a_pkcs12_that_was_written_is_read(compatible: bool, password: str) -> None:
    chain = (root(),)
    data = write_pfx(KEY, CERTIFICATE, password, chain=chain, compatible=compatible)
    read = open_pfx(data, password)
    assert is_genuine(read)
    assert read.chain == chain
    with pytest.raises(WrongKeyPassword):
        open_pfx(data, password + "x")


@cache
def root() -> bytes:
    """Some other certificate."""
    private = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "root")])
    begin, end = datetime(2020, 1, 1, tzinfo=UTC), datetime(2040, 1, 1, tzinfo=UTC)
    builder = x509.CertificateBuilder(name, name, private.public_key(), 1, begin, end)
    return builder.sign(private, hashes.SHA256()).public_bytes(Encoding.DER)


def test_pem_for_engineers_goes_out_and_in_with_r() -> None:
    data = write_pem(KEY, CERTIFICATE, PASSWORD, chain=(root(),))
    read = read_pem(data, PASSWORD.encode())
    assert is_genuine(read)
    assert read.chain == (root(),)
    with pytest.raises(WrongKeyPassword):
        read_pem(data, b"wrong")


def test_openssl_reads_the_pem(tmp_path: Path) -> None:
    (tmp_path / "x.pem").write_bytes(write_pem(KEY, CERTIFICATE, PASSWORD))
    openssl("pkey", "-in", tmp_path / "x.pem", "-passin", f"pass:{PASSWORD}", "-noout")
    openssl("x509", "-in", tmp_path / "x.pem", "-noout")


def openssl(*arguments: object) -> bytes:
    return subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True).stdout


EXPORTS = [
    [],
    ["-keypbe", "PBE-SHA1-3DES", "-certpbe", "PBE-SHA1-3DES", "-macalg", "sha1"],
    ["-keypbe", "aes-128-cbc", "-certpbe", "aes-192-cbc", "-macalg", "sha512"],
    ["-keypbe", "SEED-CBC", "-certpbe", "SEED-CBC", "-provider", "legacy", "-provider", "default"],
    ["-keypbe", "DES-EDE3-CBC", "-certpbe", "NONE", "-macalg", "sha384"],
    ["-keypbe", "NONE", "-certpbe", "NONE"],
    ["-iter", "1"],
    ["-noiter", "-nomaciter"],
]


def exported(folder: Path, *options: str) -> bytes:
    plain = load_der_private_key(KEY, None).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "in.pem").write_bytes(plain + x509.load_der_x509_certificate(CERTIFICATE).public_bytes(Encoding.PEM))
    out = folder / "out.p12"
    openssl("pkcs12", "-export", "-in", folder / "in.pem", "-out", out, "-passout", f"pass:{PASSWORD}", *options)
    return out.read_bytes()


@pytest.mark.parametrize("options", EXPORTS, ids=" ".join)
def test_the_pkcs12_of_openssl_is_read(options: list[str], tmp_path: Path) -> None:
    read = open_pfx(exported(tmp_path, *options), PASSWORD)
    assert read.certificate == CERTIFICATE
    assert read.key.spki == read.summary.spki
    assert read.key.random_number == b""  # OpenSSL was not given it


@pytest.mark.parametrize(
    ("options", "named"),
    [
        (["-certpbe", "PBE-SHA1-RC2-40", "-provider", "legacy", "-provider", "default"], "RC2-40"),
        (["-keypbe", "PBE-SHA1-RC4-128", "-provider", "legacy", "-provider", "default"], "RC4-128"),
        (["-certpbe", "camellia-128-cbc"], "1.2.392.200011.61.1.1.1.2"),
        (["-nomac"], "MAC"),
    ],
)
def test_a_scheme_that_is_not_read_is_named(options: list[str], named: str, tmp_path: Path) -> None:
    with pytest.raises(UnsupportedScheme, match=named):
        open_pfx(exported(tmp_path, *options), PASSWORD)


def test_too_many_rounds_are_refused_unrun(tmp_path: Path) -> None:
    with pytest.raises(TooBig, match="rounds"):
        open_pfx(exported(tmp_path, "-iter", "700000"), PASSWORD)


@pytest.mark.parametrize("scheme", Scheme)
def test_zip_and_folder_are_read(scheme: Scheme, tmp_path: Path) -> None:
    data = npki_zip(CERTIFICATE, write_signpri(KEY, PASSWORD.encode(), scheme), chain=())
    zipfile.ZipFile(io.BytesIO(data)).extractall(tmp_path)
    (pair,) = read_npki_zip(data)
    assert read_npki_folder(tmp_path) == (pair,)
    assert pair.folder == f"NPKI/yessign/USER/{files.folder_name(CERTIFICATE)}"
    assert is_genuine(open_pair(pair.certificate, pair.signpri, PASSWORD.encode()))


TRADITIONAL = load_der_private_key(KEY, None).private_bytes(
    Encoding.PEM, PrivateFormat.TraditionalOpenSSL, BestAvailableEncryption(b"x")
)
ELLIPTIC = ec.generate_private_key(ec.SECP256R1()).private_bytes(
    Encoding.DER, PrivateFormat.PKCS8, BestAvailableEncryption(PASSWORD.encode())
)


def archive(*entries: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as made:
        for name, content in entries:
            made.writestr(name, content)
    return buffer.getvalue()


def with_password(data: bytes) -> bytes:
    """Set the flag that says so, in both headers of the first entry."""
    central = data.index(b"PK\x01\x02")
    return data[:6] + b"\x01" + data[7 : central + 8] + b"\x01" + data[central + 9 :]


def lying(data: bytes) -> bytes:
    """Say a small size of a large entry."""
    central = data.index(b"PK\x01\x02")
    small = (100).to_bytes(4, "little")
    return data[: central + 24] + small + data[central + 28 :]


ONE = ("signPri.key", b"")
FAULTS: list[tuple[str, type[FileFault], str, Callable[[], object]]] = [
    ("key: password", WrongKeyPassword, "", lambda: read_signpri(SEALED, b"wrong")),
    ("key: certificate", WrongKind, "this is a certificate", lambda: read_signpri(CERTIFICATE, b"x")),
    ("key: pfx", WrongKind, "PKCS#12", lambda: read_signpri(genuine("pfx"), b"x")),
    ("key: plain", WrongKind, "without protection", lambda: read_signpri(KEY, b"x")),
    ("key: zip", WrongKind, "a zip", lambda: read_signpri(archive(("a", b"")), b"x")),
    ("key: PEM", WrongKind, "PEM", lambda: read_signpri(TRADITIONAL, b"x")),
    ("key: text", WrongKind, "nothing known", lambda: read_signpri(b"hello", b"x")),
    ("key: big", TooBig, "", lambda: read_signpri(bytes(70_000), b"x")),
    ("key: cut", FileBroken, "cut off", lambda: read_signpri(SEALED[:-5], PASSWORD.encode())),
    ("key: middle", FileBroken, "damaged", lambda: read_signpri(flipped(SEALED, 400), PASSWORD.encode())),
    ("key: end", FileBroken, "end", lambda: read_signpri(flipped(SEALED, -1), PASSWORD.encode())),
    ("key: elliptic", UnsupportedScheme, "not an RSA key", lambda: read_signpri(ELLIPTIC, PASSWORD.encode())),
    ("pair", Mismatch, "", lambda: open_pair(root(), SEALED, PASSWORD.encode())),
    ("certificate: key", WrongKind, "encrypted key", lambda: read_certificate(SEALED)),
    ("certificate: cut", FileBroken, "cut off", lambda: read_certificate(CERTIFICATE[:-1])),
    ("certificate: big", TooBig, "", lambda: read_certificate(CERTIFICATE * 50)),
    ("pfx: key", WrongKind, "encrypted key", lambda: open_pfx(SEALED, PASSWORD)),
    ("pfx: password", WrongKeyPassword, "", lambda: open_pfx(genuine("pfx"), "wrong")),
    (
        "pfx: changed",
        FileBroken,
        "changed",
        lambda: open_pfx(flipped(genuine("pfx"), 2965), GENUINE_PASSWORD.decode()),
    ),
    ("pfx: other's", Mismatch, "", lambda: open_pfx(write_pfx(key(0).pkcs8, CERTIFICATE, "x"), "x")),
    ("pem: der", WrongKind, "a certificate", lambda: read_pem(CERTIFICATE, b"x")),
    ("pem: old", UnsupportedScheme, "RFC 1421", lambda: read_pem(TRADITIONAL, b"x")),
    ("pem: other's", Mismatch, "", lambda: read_pem(write_pem(key(0).pkcs8, CERTIFICATE, "x"), b"x")),
    (
        "pem: no key",
        UnsupportedScheme,
        "0 keys",
        lambda: read_pem(write_pem(KEY, CERTIFICATE, "x")[1900:], b"x"),
    ),
    ("zip: big", TooBig, "", lambda: read_npki_zip(b"PK\x03\x04" + bytes(2**20))),
    (
        "zip: bomb",
        TooBig,
        "too large for its kind",
        lambda: read_npki_zip(archive(("signCert.der", bytes(10**8)))),
    ),
    ("zip: liar", FileBroken, "", lambda: read_npki_zip(lying(archive(("signCert.der", bytes(10**6)))))),
    (
        "zip: crowd",
        TooBig,
        "more files",
        lambda: read_npki_zip(archive(*((str(n), b"") for n in range(501)))),
    ),
    (
        "zip: locked",
        UnsupportedScheme,
        "password",
        lambda: read_npki_zip(with_password(archive(("signPri.key", b"x")))),
    ),
    (
        "zip: bzip2",
        UnsupportedScheme,
        "packed",
        lambda: read_npki_zip(archive(("signPri.key", b""), method=12)),
    ),
    (
        "zip: half",
        WrongKind,
        "beside",
        lambda: read_npki_zip(archive(("a/signPri.key", b""), ("b/signCert.der", b""))),
    ),
    ("zip: none", WrongKind, "a certificate", lambda: read_npki_zip(CERTIFICATE)),
    ("zip: cut", FileBroken, "", lambda: read_npki_zip(npki_zip(CERTIFICATE, SEALED)[:-30])),
    ("folder: none", WrongKind, "", lambda: read_npki_folder(Path("/nowhere"))),
]


def flipped(data: bytes, at: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


@pytest.mark.parametrize(("fault", "said", "act"), [row[1:] for row in FAULTS], ids=[row[0] for row in FAULTS])
def test_each_fault_is_called_by_its_name(fault: type[FileFault], said: str, act: Callable[[], object]) -> None:
    with pytest.raises(FileFault, match=said or ".") as caught:
        act()
    assert caught.type is fault


def test_a_folder_of_strangers_is_left_alone(tmp_path: Path) -> None:
    user = tmp_path / "USER" / "someone"
    user.mkdir(parents=True)
    (user / "signCert.der").write_bytes(CERTIFICATE)
    (user / "signPri.key").symlink_to("/etc/passwd")
    with pytest.raises(WrongKind, match="beside"):
        read_npki_folder(tmp_path)
    (user / "signPri.key").unlink()
    (user / "signPri.key").write_bytes(bytes(70_000))
    with pytest.raises(TooBig):
        read_npki_folder(tmp_path)
    (user / "signPri.key").write_bytes(SEALED)
    assert len(read_npki_folder(tmp_path)) == 1
    deep = tmp_path.joinpath(*"abcdefghij")
    deep.mkdir(parents=True)
    for number in range(501):
        (tmp_path / f"{number}").touch()
    with pytest.raises(TooBig, match="more files"):
        read_npki_folder(tmp_path)
