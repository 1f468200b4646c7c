"""The stock `openssl cmp` against the authority, over a socket."""

import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from cryptography import x509

from ca import Authority, AuthoritySettings, Enrolment, EnrolmentOrder, Reason, Status, open_vault
from ca.asn1.vid import read_identify_data
from tests.judges.samples import pem
from tests.support.authority_server import free_port, serving

pytestmark = pytest.mark.judge
NAME, IDN = "홍길동", "9001011234567"


@dataclass
class Desk:
    """An authority on a socket, and a folder with a client's files."""

    authority: Authority
    folder: Path
    port: int
    count: int = 0

    def enrolled(self, holder: str = "", **order: object) -> Enrolment:
        self.count += 1
        holder = holder or f"C-{self.count}"
        return self.authority.enrol(EnrolmentOrder(f"e{self.count}", holder, NAME, IDN, **order))

    def key(self, name: str) -> str:
        path = self.folder / name
        if not path.exists():
            subprocess.run(["openssl", "genrsa", "-out", str(path), "2048"], check=True, capture_output=True)
        return name

    def cmp(self, command: str, *options: str) -> subprocess.CompletedProcess[str]:
        where = ["-server", f"127.0.0.1:{self.port}", "-path", "/cmp", "-recipient", "/CN=any"]
        said = subprocess.run(
            ["openssl", "cmp", "-config", "", "-cmd", command, *where, *options],
            cwd=self.folder,
            capture_output=True,
            text=True,
            check=False,
        )
        said.stdout += said.stderr
        return said

    def got(self, name: str = "got.pem") -> x509.Certificate:
        return x509.load_pem_x509_certificate((self.folder / name).read_bytes())

    def state(self, certificate: x509.Certificate) -> tuple[Status, Reason | None]:
        record = self.authority.record(certificate.serial_number)
        assert record is not None
        return record.status, record.reason


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    folder = tmp_path_factory.mktemp("cmp")
    vault, _ = open_vault(folder / "vault.json")
    settings = AuthoritySettings(root_bits=2048, issuing_bits=2048)
    authority = Authority.open(folder / "ca", b"passphrase", vault, settings=settings)
    (folder / "root.pem").write_bytes(pem(authority.chain.root))
    (folder / "issuing.pem").write_bytes(pem(authority.chain.issuing))
    port = free_port()
    with serving(authority, port):
        yield Desk(authority, folder, port)
    assert authority.verify_audit().ok
    authority.close()


def code(given: Enrolment) -> tuple[str, ...]:
    return "-ref", given.reference, "-secret", f"pass:{given.code}", "-mac", "hmacWithSHA256"


def signed(certificate: str, key: str) -> tuple[str, ...]:
    return "-cert", certificate, "-key", key, "-trusted", "root.pem", "-untrusted", "issuing.pem"


def collects(served: Desk, given: Enrolment, to: str = "got.pem", key: str = "k1", *more: str) -> x509.Certificate:
    said = served.cmp("ir", *code(given), "-newkey", served.key(key), "-subject", "/CN=ignored", "-certout", to, *more)
    assert said.returncode == 0, said.stdout
    return served.got(to)


@pytest.mark.parametrize("command", ["ir", "cr"])
def test_a_reference_number_and_its_code_collect_a_certificate(served: Desk, command: str) -> None:
    given, key = served.enrolled(), served.key(f"k-{command}")
    said = served.cmp(command, *code(given), "-newkey", key, "-subject", "/CN=ignored", "-certout", "got.pem")
    assert "received PKICONF" in said.stdout
    assert read_identify_data(served.got()).real_name == NAME
    assert served.state(served.got()) == (Status.GOOD, None)


def test_a_certificate_request_file_is_taken_too(served: Desk) -> None:
    key = served.key("k-p10")
    made = ["openssl", "req", "-new", "-key", key, "-subj", "/CN=x", "-out", "asked.csr"]
    subprocess.run(made, cwd=served.folder, check=True, capture_output=True)
    said = served.cmp("p10cr", *code(served.enrolled()), "-csr", "asked.csr", "-certout", "got.pem")
    assert "received PKICONF" in said.stdout
    assert read_identify_data(served.got()).real_name == NAME


def test_what_the_client_wants_to_be_called_is_not_asked(served: Desk) -> None:
    certificate = collects(served, served.enrolled(), "got.pem", "k-name", "-days", "9999")
    assert "ignored" not in certificate.subject.rfc4514_string()
    assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days <= 366


def test_confirmed_implicitly(served: Desk) -> None:
    given = served.enrolled()
    said = served.cmp(
        "ir", *code(given), "-newkey", served.key("k-imp"), "-subject", "/CN=x", "-certout", "got.pem",
        "-implicit_confirm",
    )  # fmt: skip
    assert said.returncode == 0
    assert "CERTCONF" not in said.stdout


def test_the_reissue_revokes_the_old_one(served: Desk) -> None:
    old = collects(served, served.enrolled("C-reissue"), "old.pem", "k-old")
    new = collects(served, served.enrolled("C-reissue", replaces=old.serial_number), "new.pem", "k-new")
    assert new.not_valid_after_utc == old.not_valid_after_utc
    assert served.state(old) == (Status.REVOKED, Reason.SUPERSEDED)


def test_a_key_update_and_then_a_revocation(served: Desk) -> None:
    old = collects(served, served.enrolled(), "mine.pem", "k-mine")
    said = served.cmp("kur", *signed("mine.pem", "k-mine"), "-newkey", served.key("k-next"), "-certout", "next.pem")
    assert "received PKICONF" in said.stdout, said.stdout
    assert served.state(old) == (Status.REVOKED, Reason.SUPERSEDED)
    said = served.cmp("rr", *signed("next.pem", "k-next"), "-oldcert", "next.pem", "-revreason", "1")
    assert "revocation accepted" in said.stdout, said.stdout
    assert served.state(served.got("next.pem")) == (Status.REVOKED, Reason.KEY_COMPROMISE)


def test_nobody_revokes_anothers(served: Desk) -> None:
    collects(served, served.enrolled(), "mine.pem", "k-thief")
    victim = collects(served, served.enrolled(), "victim.pem", "k-victim")
    said = served.cmp("rr", *signed("mine.pem", "k-thief"), "-oldcert", "victim.pem", "-revreason", "1")
    assert "notAuthorized" in said.stdout
    assert served.state(victim) == (Status.GOOD, None)


def test_general_messages(served: Desk) -> None:
    given = served.enrolled()
    said = served.cmp("genm", *code(given), "-infotype", "signKeyPairTypes")
    assert "genp contains ITAV of type: id-it-signKeyPairTypes" in said.stdout


def refused(served: Desk, given: Enrolment, *changes: str, key: str = "k-refused") -> str:
    options = dict(zip(*[iter(code(given))] * 2, strict=True)) | dict(zip(*[iter(changes)] * 2, strict=True))
    flat = [part for pair in options.items() for part in pair]
    asked = ["-newkey", served.key(key), "-subject", "/CN=x", "-certout", "no.pem", "-unprotected_errors"]
    said = served.cmp("ir", *flat, *asked)
    assert said.returncode == 1
    assert not (served.folder / "no.pem").exists()
    return said.stdout


def test_a_wrong_code_is_refused_and_after_five_the_right_one_too(served: Desk) -> None:
    given = served.enrolled()
    for _ in range(5):
        told = refused(served, given, "-secret", "pass:WRONG")
        assert "badMessageCheck" in told
        assert "참조번호 또는 인가코드가 맞지 않습니다." in told
    assert "인가코드를 여러 번 잘못 입력하여 잠겼습니다" in refused(served, given)


def test_a_reference_number_that_nobody_has_gets_the_same_words(served: Desk) -> None:
    given = served.enrolled()
    other = refused(served, given, "-ref", "0000000000")
    assert [line for line in other.splitlines() if "rejection" in line] == [
        line for line in refused(served, given, "-secret", "pass:WRONG").splitlines() if "rejection" in line
    ]


def test_a_code_is_good_once(served: Desk) -> None:
    given = served.enrolled()
    collects(served, given, "once.pem", "k-once")
    assert "이미 사용한 참조번호입니다" in refused(served, given)


def test_the_old_mac_is_refused_with_what_to_do(served: Desk) -> None:
    told = refused(served, served.enrolled(), "-mac", "hmac-sha1")
    assert "badAlg" in told
    assert "-mac hmacWithSHA256" in told


def test_a_key_that_costs_too_much_to_check_is_not_checked(served: Desk) -> None:
    told = refused(served, served.enrolled(), "-secret", "pass:x", "-digest", "sha1")
    assert "badAlg" in told


def test_a_small_key_is_refused_and_the_code_still_good(served: Desk) -> None:
    given = served.enrolled()
    small = served.folder / "k-small"
    subprocess.run(["openssl", "genrsa", "-out", str(small), "1024"], check=True, capture_output=True)
    assert "badCertTemplate" in refused(served, given, key="k-small")
    assert collects(served, given, "after.pem", "k-after")


def test_without_possession_nothing_is_given(served: Desk) -> None:
    told = served.cmp(
        "ir", *code(served.enrolled()), "-newkey", served.key("k-pop"), "-subject", "/CN=x", "-certout", "no.pem",
        "-popo", "0",
    )  # fmt: skip
    assert told.returncode == 1
    assert "rejection" in told.stdout


def test_somebody_elses_certificate_signs_nothing_here(served: Desk) -> None:
    key = served.key("k-self")
    made = ["openssl", "req", "-x509", "-new", "-key", key, "-subj", "/CN=self", "-out", "self.pem"]
    subprocess.run(made, cwd=served.folder, check=True, capture_output=True)
    said = served.cmp(
        "kur", "-cert", "self.pem", "-key", key, "-newkey", served.key("k-next"), "-certout", "no.pem",
        "-trusted", "root.pem", "-unprotected_errors",
    )  # fmt: skip
    assert "signerNotTrusted" in said.stdout
