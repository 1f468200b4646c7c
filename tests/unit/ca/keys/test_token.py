"""The authority's keys in a token: all works, and no byte of a key is on disk or in the process."""

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from ca import Authority, CaRefusal, LedgerBroken, Reason, Token, WrongPassphrase, open_vault
from ca.keys.signer import FileStore
from ca.keys.token import TokenStore
from tests.support.authority import PASSPHRASE, SETTINGS, order
from tests.support.token import import_key, token_server

CHILD = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from ca import Authority, Reason, Token, open_vault
    from ca.keys.signer import FileStore
    from tests.support.authority import PASSPHRASE, SETTINGS, order
    folder, *token = (Path(each) for each in sys.argv[1:])
    vault, _ = open_vault(folder / "vault.json")
    behind = Token(token[0], "reissue", token[1]) if token else None
    authority = Authority.open(folder / "ca", PASSPHRASE, vault, settings=SETTINGS, token=behind)
    old = authority.issue(order())
    authority.revoke(old.serial, Reason.KEY_COMPROMISE, "theft")
    authority.crl()
    print("done", flush=True)
    sys.stdin.read()
    """
)


@pytest.fixture(scope="module")
def token(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Token]:
    with token_server(tmp_path_factory.mktemp("token")) as token:
        yield token


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def marks(key: rsa.RSAPrivateKey) -> list[bytes]:
    """Return what may be seen nowhere: the primes and the exponent, as files and as processors write numbers."""
    numbers = key.private_numbers()
    parts = [each.to_bytes((each.bit_length() + 7) // 8, "big") for each in (numbers.p, numbers.q, numbers.d)]
    return [*parts, *(part[::-1] for part in parts)]


def memory_of(process: int) -> Iterator[bytes]:
    with Path(f"/proc/{process}/mem").open("rb", buffering=0) as memory:
        for line in Path(f"/proc/{process}/maps").read_text().splitlines():
            place, rights = line.split()[:2]
            if rights.startswith("r") and "[v" not in line:
                begin, end = (int(each, 16) for each in place.split("-"))
                try:
                    yield os.pread(memory.fileno(), end - begin, begin)
                except OSError:
                    continue  # pages that were never touched


def seen(key: rsa.RSAPrivateKey, folder: Path, *token: Path) -> set[str]:
    """Run an authority in a process of its own, and return where a byte string of the key is found."""
    command = [sys.executable, "-c", CHILD, str(folder), *map(str, token)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "done\n"
        in_memory = any(mark in page for page in memory_of(child.pid) for mark in marks(key))
        child.communicate("")
    files = [path.read_bytes() for path in folder.rglob("*") if path.is_file()]
    on_disk = any(mark in content for content in files for mark in marks(key))
    return {name for name, found in (("memory", in_memory), ("disk", on_disk)) if found}


def test_no_byte_of_the_key_is_on_disk_or_in_the_process(token: Token, key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    import_key(token, "issuing", key)
    assert seen(key, tmp_path, token.module, token.pin_file) == set()
    assert {path.name for path in (tmp_path / "ca").glob("*.key")} == set()


def test_the_search_itself_finds_a_key_that_is_there(key: rsa.RSAPrivateKey, tmp_path: Path) -> None:
    folder = tmp_path / "ca"
    folder.mkdir(mode=0o700)
    plain = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    FileStore(folder, PASSPHRASE).keep("issuing", plain)
    assert seen(key, tmp_path) == {"memory"}


def opened(token: Token, folder: Path) -> Authority:
    vault, _ = open_vault(folder / "vault.json")
    return Authority.open(folder / "ca", PASSPHRASE, vault, settings=SETTINGS, token=token)


def test_certificates_lists_and_roll_over_come_from_the_token(token: Token, tmp_path: Path) -> None:
    authority = opened(token, tmp_path)
    old = authority.issue(order())
    authority.roll_over()
    new = authority.issue(order("second", 1))
    for number, certificate in enumerate((old, new)):
        issuer = x509.load_der_x509_certificate(authority.issuers[number])
        x509.load_der_x509_certificate(certificate.der).verify_directly_issued_by(issuer)
    authority.revoke(old.serial, Reason.KEY_COMPROMISE, "theft")
    assert len(x509.load_der_x509_crl(authority.crl(1))) == 1
    assert len(x509.load_der_x509_crl(authority.crl(2))) == 0
    assert authority.verify_audit().ok
    authority.close()


def test_the_same_bytes_get_the_same_signature_so_a_restart_makes_no_second_certificate(token: Token) -> None:
    store = TokenStore(token)
    store.make("steady", 2048)
    assert store.open("steady").sign(b"to be signed") == TokenStore(token).open("steady").sign(b"to be signed")


def test_a_missing_key_is_told(token: Token) -> None:
    store = TokenStore(token)
    with pytest.raises(LedgerBroken, match="holds no key absent"):
        store.open("absent")
    store.close()


def test_a_wrong_pin_is_told(token: Token, tmp_path: Path) -> None:
    """In a process of its own: PKCS#11 logs a process in, and this one may be already."""
    wrong = tmp_path / "pin"
    wrong.touch(mode=0o600)
    wrong.write_text("0000")
    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path), str(token.module), str(wrong)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "WrongPassphrase: the PIN does not open the token" in child.stderr


def test_a_pin_that_others_can_read_is_refused(token: Token, tmp_path: Path) -> None:
    open_to_all = tmp_path / "pin"
    open_to_all.write_text(token.pin_file.read_text())
    open_to_all.chmod(0o644)
    with pytest.raises(WrongPassphrase, match="mode to 0600"):
        TokenStore(replace(token, pin_file=open_to_all)).open("issuing")


def test_no_such_token(token: Token) -> None:
    with pytest.raises(LedgerBroken, match="not exactly one token elsewhere"):
        TokenStore(replace(token, label="elsewhere")).open("issuing")


def test_a_token_that_is_gone_is_a_delay_and_not_a_refusal(tmp_path: Path) -> None:
    with pytest.raises(CaRefusal, match="R14 reason=token_not_available"):
        TokenStore(Token(tmp_path / "none.so", "reissue", _pin(tmp_path))).open("issuing")


def _pin(folder: Path) -> Path:
    path = folder / "any pin"
    path.touch(mode=0o600)
    path.write_text("1234")
    return path
