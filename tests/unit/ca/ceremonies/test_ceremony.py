import os
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from cryptography import x509

from ca import Authority, LedgerBroken, WrongPassphrase, open_vault
from ca.ceremonies import ceremony, root
from ca.keys import signer
from ca.values.environment import Environment
from tests.support.authority import HOLDER, PASSPHRASE, SETTINGS, Clock, SmallAuthority, key, order

SCRYPT = bytes.fromhex("2b06010401da47040b")  # 1.3.6.1.4.1.11591.4.11
FILES = ["root.key", "root.der", "issuing.key", "issuing.der"]


def test_files_are_for_the_owner_alone(small_ca: SmallAuthority) -> None:
    small_ca.old()
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (small_ca.folder / "ca").iterdir()}
    assert set(FILES) < modes.keys()
    assert set(modes.values()) == {0o600}


def test_a_wrong_passphrase_says_so(small_ca: SmallAuthority) -> None:
    with pytest.raises(WrongPassphrase, match="passphrase does not open"):
        Authority.open(small_ca.folder / "ca", b"guess", small_ca.vault, settings=SETTINGS)


def test_keys_lie_encrypted(small_ca: SmallAuthority) -> None:
    for name in ("root.key", "issuing.key"):
        assert SCRYPT in (small_ca.folder / "ca" / name).read_bytes()


@pytest.mark.parametrize("name", FILES)
def test_a_lost_file_is_told_and_not_made_again(small_ca: SmallAuthority, name: str) -> None:
    (small_ca.folder / "ca" / name).unlink()
    with pytest.raises(LedgerBroken, match=f"{name} is missing"):
        small_ca.restart()


@pytest.mark.parametrize("content", [b"", b"\x30\x82", b"garbage"])
def test_a_damaged_key_file_is_not_called_a_wrong_passphrase(small_ca: SmallAuthority, content: bytes) -> None:
    (small_ca.folder / "ca" / "issuing.key").write_bytes(content)
    with pytest.raises(LedgerBroken, match="damaged"):
        small_ca.restart()


def test_another_authoritys_certificate_is_refused(small_ca: SmallAuthority) -> None:
    folder = small_ca.folder / "ca"
    (folder / "issuing.der").write_bytes((folder / "root.der").read_bytes())
    with pytest.raises(LedgerBroken, match="belongs to"):
        small_ca.restart()


def test_another_key_file_is_told(small_ca: SmallAuthority, tmp_path: Path) -> None:
    small_ca.vault = open_vault(tmp_path / "other.json")[0]
    with pytest.raises(LedgerBroken, match="another key file"):
        small_ca.restart()


@pytest.mark.parametrize("damage", [lambda _: b"not a database" * 400, lambda data: data[:4096] + os.urandom(8192)])
def test_a_damaged_ledger_is_told(small_ca: SmallAuthority, damage: object) -> None:
    small_ca.authority.close()
    path = small_ca.folder / "ca" / "ledger.sqlite3"
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(LedgerBroken, match="damaged"):
        small_ca.authority = small_ca.open()


@pytest.mark.parametrize("writes", range(7))
def test_a_first_start_that_dies_is_finished_by_the_next(
    cheap_scrypt: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, writes: int
) -> None:
    done: list[str] = []

    def dying(path: Path, content: bytes) -> None:
        if len(done) == writes:
            raise KeyboardInterrupt
        done.append(path.name)
        write_whole(path, content)

    write_whole = ceremony.write_whole
    for module in (ceremony, root, signer):
        monkeypatch.setattr(module, "write_whole", dying)
    if writes < len(FILES) + 2:  # what is to be signed is written before each certificate
        with pytest.raises(KeyboardInterrupt):
            SmallAuthority(tmp_path)
    kept = {path.name: path.read_bytes() for path in (tmp_path / "ca").glob("[ri]*.*")}
    for module in (ceremony, root, signer):
        monkeypatch.setattr(module, "write_whole", write_whole)
    small_ca = SmallAuthority(tmp_path)
    now = {path.name: path.read_bytes() for path in (tmp_path / "ca").glob("[ri]*.*")}
    assert set(now) == set(FILES)
    for name, content in kept.items():
        if name.endswith(".tbs"):
            signed = x509.load_der_x509_certificate(now[name.replace(".tbs", ".der")])
            assert signed.tbs_certificate_bytes == content
        else:
            assert now[name] == content
    assert small_ca.old().serial
    assert small_ca.authority.verify_audit().ok
    small_ca.authority.close()


def test_the_chain_is_one(small_ca: SmallAuthority) -> None:
    root = x509.load_der_x509_certificate(small_ca.authority.chain.root)
    issuing = x509.load_der_x509_certificate(small_ca.authority.chain.issuing)
    root.verify_directly_issued_by(root)
    issuing.verify_directly_issued_by(root)
    x509.load_der_x509_certificate(small_ca.old().der).verify_directly_issued_by(issuing)


def test_opening_again_is_fast(template: Path, tmp_path: Path) -> None:
    begin = time.perf_counter()
    vault, _ = open_vault(template / "vault.json")
    Authority.open(template / "ca", PASSPHRASE, vault, environment=Environment(now=Clock())).close()
    assert time.perf_counter() - begin < 0.5


CHILD = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    from ca import CaRefusal, Status
    from ca.asn1 import pbes
    pbes.SCRYPT_COST, pbes.SCRYPT_LANES = 2, 1
    from tests.support.authority import SmallAuthority, order
    bureau = SmallAuthority(Path(sys.argv[1]))
    for n in range(15):
        print(bureau.authority.issue(order(f"r{n}", not_before=None, random_number=bytes(20), spki=KEY)).serial)
        bureau.authority.crl()
    """
)


def test_two_processes_start_and_issue_at_once(cheap_scrypt: None, tmp_path: Path) -> None:
    code = CHILD.replace("KEY", repr(key(0).spki))
    open_vault(tmp_path / "vault.json")
    command = [sys.executable, "-c", code, str(tmp_path)]
    children = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    answers = [child.communicate(timeout=60)[0].split() for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert answers[0] == answers[1]
    assert len(set(answers[0])) == 15
    small_ca = SmallAuthority(tmp_path)
    assert len(small_ca.authority.certificates(HOLDER)) == 15
    assert small_ca.authority.issue(order("r0", random_number=bytes(20))).serial == int(answers[0][0])
    assert small_ca.authority.verify_audit().ok
    small_ca.authority.close()
