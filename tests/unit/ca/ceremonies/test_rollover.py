"""The issuing authority gets a new key without a gap: at every moment each certificate has its chain."""

import subprocess
from pathlib import Path

import pytest
from cryptography import x509

from ca import Authority, LedgerBroken, Reason, Root, RootApart, Status, WrongPassphrase
from ca.asn1.der import spki_bytes
from ca.ceremonies.root import joined
from ca.keys.signer import FileStore
from ca.values.environment import Environment
from tests.support.authority import PASSPHRASE, SETTINGS, SmallAuthority, order

HALVES = "first person's half", "second person's half"


def issuer_of(certificate: bytes, authority: Authority) -> int:
    """Return which of the issuing keys signed it, counted from one."""
    signed = x509.load_der_x509_certificate(certificate)
    for number, der in enumerate(authority.issuers, 1):
        above = x509.load_der_x509_certificate(der)
        if signed.issuer == above.subject:
            signed.verify_directly_issued_by(above)
            return number
    raise AssertionError("nobody's certificate")


def test_the_new_key_issues_and_the_old_ones_certificates_stay(small_ca: SmallAuthority) -> None:
    before = small_ca.old()
    small_ca.authority.roll_over()
    given, after = small_ca.reissue(before.serial)
    assert given.reference
    assert issuer_of(before.der, small_ca.authority) == 1
    assert issuer_of(after.der, small_ca.authority) == 2
    record = small_ca.authority.record(before.serial)
    assert record is not None
    assert record.status is Status.REVOKED
    assert small_ca.authority.verify_audit().ok


def test_both_generations_hang_under_the_one_root(small_ca: SmallAuthority) -> None:
    small_ca.authority.roll_over()
    root = x509.load_der_x509_certificate(small_ca.authority.chain.root)
    subjects = set()
    for der in small_ca.authority.issuers:
        x509.load_der_x509_certificate(der).verify_directly_issued_by(root)
        subjects.add(x509.load_der_x509_certificate(der).subject.rfc4514_string())
    assert len(subjects) == 2


def test_a_certificate_begun_under_the_old_key_is_finished_under_it(small_ca: SmallAuthority) -> None:
    small_ca.restart(dies_at="reserved")
    with pytest.raises(BaseException, match="reserved"):
        small_ca.old()
    small_ca.restart()
    small_ca.authority.roll_over()
    assert issuer_of(small_ca.old().der, small_ca.authority) == 1


def test_another_process_sees_the_new_key_at_its_next_certificate(small_ca: SmallAuthority) -> None:
    elsewhere = small_ca.open()
    small_ca.authority.roll_over()
    certificate = elsewhere.issue(order())
    assert issuer_of(certificate.der, elsewhere) == 2
    elsewhere.close()


def test_it_stays_so_after_a_restart(small_ca: SmallAuthority) -> None:
    small_ca.authority.roll_over()
    small_ca.restart()
    assert len(small_ca.authority.issuers) == 2
    assert issuer_of(small_ca.old().der, small_ca.authority) == 2


def test_a_roll_over_that_died_is_finished_by_the_next(
    small_ca: SmallAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("ca.ceremonies.ceremony.Ceremony._register", dies)
        with pytest.raises(KeyboardInterrupt):
            small_ca.authority.roll_over()
    made = (small_ca.folder / "ca" / "issuing-2.der").read_bytes()
    assert len(small_ca.authority.issuers) == 1
    small_ca.authority.roll_over()
    assert small_ca.authority.issuers[1] == made


def apart(small_ca: SmallAuthority, folder: Path) -> Root:
    folder.mkdir(exist_ok=True)
    return Root(folder, FileStore(folder, joined(*HALVES)))


def authority_apart(small_ca: SmallAuthority, folder: Path, root: Root | None) -> Authority:
    return Authority.open(
        folder,
        PASSPHRASE,
        small_ca.vault,
        settings=SETTINGS,
        environment=Environment(now=small_ca.clock),
        root=root,
    )


def test_a_root_apart_is_needed_for_ceremonies_only(small_ca: SmallAuthority, tmp_path: Path) -> None:
    root = apart(small_ca, tmp_path / "safe")
    authority_apart(small_ca, tmp_path / "house", root).close()
    assert {path.name for path in (tmp_path / "safe").iterdir()} == {"root.key", "root.der"}
    assert "root.key" not in {path.name for path in (tmp_path / "house").iterdir()}
    (tmp_path / "safe").rename(tmp_path / "carried away")

    daily = authority_apart(small_ca, tmp_path / "house", None)
    old = daily.issue(order())
    daily.revoke(old.serial, Reason.KEY_COMPROMISE, "theft")
    assert daily.crl()
    with pytest.raises(RootApart, match="ceremony"):
        daily.roll_over()
    assert len(daily.issuers) == 1
    daily.close()

    ceremony = authority_apart(small_ca, tmp_path / "house", apart(small_ca, tmp_path / "carried away"))
    ceremony.roll_over()
    assert issuer_of(ceremony.issue(order("next", 1)).der, ceremony) == 2
    ceremony.close()


def test_with_the_root_apart_its_list_is_served_until_a_ceremony_renews_it(
    small_ca: SmallAuthority, tmp_path: Path
) -> None:
    first = authority_apart(small_ca, tmp_path / "house", apart(small_ca, tmp_path / "safe"))
    made = first.root_crl()
    first.close()
    daily = authority_apart(small_ca, tmp_path / "house", None)
    small_ca.clock.pass_(days=179)
    assert daily.root_crl() == made
    small_ca.clock.pass_(days=2)
    with pytest.raises(RootApart):
        daily.root_crl()
    ceremony = authority_apart(small_ca, tmp_path / "house", apart(small_ca, tmp_path / "safe"))
    renewed = ceremony.renew_root_crl()
    assert daily.root_crl() == renewed != made
    ceremony.close()
    daily.close()


def test_another_authoritys_root_is_refused(small_ca: SmallAuthority, tmp_path: Path) -> None:
    authority_apart(small_ca, tmp_path / "house", apart(small_ca, tmp_path / "safe")).close()
    authority_apart(small_ca, tmp_path / "other house", apart(small_ca, tmp_path / "other safe")).close()
    with pytest.raises(LedgerBroken, match="not the root of this authority"):
        authority_apart(small_ca, tmp_path / "house", apart(small_ca, tmp_path / "other safe"))


def test_one_persons_half_opens_nothing(small_ca: SmallAuthority, tmp_path: Path) -> None:
    authority_apart(small_ca, tmp_path / "house", apart(small_ca, tmp_path / "safe")).close()
    for half in HALVES:
        alone = Root(tmp_path / "safe", FileStore(tmp_path / "safe", half.encode()))
        authority = authority_apart(small_ca, tmp_path / "house", alone)
        with pytest.raises(WrongPassphrase):
            authority.roll_over()
        authority.close()


def test_openssl_opens_the_roots_key_with_both_halves(small_ca: SmallAuthority, tmp_path: Path) -> None:
    authority_apart(small_ca, tmp_path / "house", apart(small_ca, tmp_path / "safe")).close()
    key = tmp_path / "safe" / "root.key"
    command = [
        "openssl",
        "pkey",
        "-inform",
        "DER",
        "-in",
        str(key),
        "-noout",
        "-passin",
        f"pass:{'+'.join(HALVES)}",
    ]
    assert subprocess.run(command, check=False).returncode == 0


@pytest.mark.parametrize(("first", "second"), [("short", HALVES[1]), (HALVES[0], ""), (HALVES[0], HALVES[0])])
def test_halves_that_are_no_halves_are_refused(first: str, second: str) -> None:
    with pytest.raises(ValueError, match=r"half|halves"):
        joined(first, second)


def test_a_key_that_the_authority_had_once_is_still_refused(small_ca: SmallAuthority) -> None:
    own = x509.load_der_x509_certificate(small_ca.authority.issuers[0]).public_key()
    small_ca.authority.roll_over()
    with pytest.raises(Exception, match="authority_key"):
        small_ca.authority.issue(order(spki=spki_bytes(own)))
