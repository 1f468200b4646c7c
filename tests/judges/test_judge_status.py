"""Programs that nobody here wrote ask the authority's web side, over a socket."""

import base64
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import AuthorityInformationAccessOID

from tests.judges.all_certificates import crowd_of, judged
from tests.judges.many_certificates import GOOD, Crowd

pytestmark = pytest.mark.judge
COUNT = 60
CA_ISSUERS = AuthorityInformationAccessOID.CA_ISSUERS


@pytest.fixture(scope="module")
def crowd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crowd]:
    with crowd_of(tmp_path_factory.mktemp("crowd"), COUNT) as crowd:
        yield crowd


def address(crowd: Crowd) -> str:
    return crowd.authority.settings.base_url


def one(crowd: Crowd, state: str) -> str:
    return next(name for name, told in crowd.truth.items() if told == state)


def openssl_ocsp(crowd: Crowd, name: str, *options: str) -> str:
    """Ask with the stock client; its exit code is 0 for a revoked one too, so its words are what counts."""
    issuer = crowd.folder / "first.pem"
    issuer.write_bytes(x509.load_der_x509_certificate(crowd.authority.issuers[0]).public_bytes(Encoding.PEM))
    command = [
        "openssl", "ocsp", "-issuer", "first.pem", "-sha256", "-cert", f"{name}.pem", "-CAfile", "ca.pem",
        "-url", f"{address(crowd)}/ocsp", *options,
    ]  # fmt: skip
    said = subprocess.run(command, cwd=crowd.folder, capture_output=True, text=True, check=False)
    assert "Response verify OK" in said.stderr, said.stderr
    return said.stdout + said.stderr


@pytest.mark.parametrize("nonce", [(), ("-no_nonce",)], ids=["nonce", "none"])
def test_openssl_ocsp_tells_good_from_revoked(crowd: Crowd, nonce: tuple[str, ...]) -> None:
    assert f"{one(crowd, GOOD)}.pem: good" in openssl_ocsp(crowd, one(crowd, GOOD), *nonce)
    said = openssl_ocsp(crowd, one(crowd, "revoked"), *nonce)
    assert f"{one(crowd, 'revoked')}.pem: revoked" in said
    assert "Revocation Time" in said


def test_openssl_ocsp_is_told_unknown_for_another_serial(crowd: Crowd) -> None:
    said = openssl_ocsp(crowd, one(crowd, GOOD), "-serial", "0x1234")
    assert "0x1234: unknown" in said


def test_a_question_in_the_path_is_answered_and_may_be_cached(crowd: Crowd) -> None:
    name = one(crowd, GOOD)
    openssl_ocsp(crowd, name, "-no_nonce", "-reqout", "asked.der")
    asked = base64.b64encode((crowd.folder / "asked.der").read_bytes()).decode()
    with urllib.request.urlopen(f"{address(crowd)}/ocsp/{urllib.request.quote(asked)}") as answer:
        assert answer.headers["Content-Type"] == "application/ocsp-response"
        assert "max-age=60" in answer.headers["Cache-Control"]
        (crowd.folder / "told.der").write_bytes(answer.read())
    read = ["openssl", "ocsp", "-respin", "told.der", "-reqin", "asked.der", "-CAfile", "ca.pem", "-no_nonce"]
    said = subprocess.run(read, cwd=crowd.folder, capture_output=True, text=True, check=False)
    assert "Response verify OK" in said.stderr


def test_pkilint_finds_nothing_in_an_answer(crowd: Crowd) -> None:
    openssl_ocsp(crowd, one(crowd, "revoked"), "-respout", "told.der")
    beside = Path(sys.executable).with_name("lint_ocsp_response")
    said = subprocess.run(
        [str(beside), "lint", "-s", "WARNING", "told.der"],
        cwd=crowd.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert said.returncode == 0, said.stdout


def test_gnutls_reads_an_answer_and_believes_it(crowd: Crowd) -> None:
    openssl_ocsp(crowd, one(crowd, GOOD), "-respout", "told.der")
    command = [
        "ocsptool",
        "--verify-response",
        "--load-response",
        "told.der",
        "--load-trust",
        "ca.pem",
        "--inder",
    ]
    said = subprocess.run(command, cwd=crowd.folder, capture_output=True, text=True, check=False)
    assert "Verifying OCSP Response: Success." in said.stdout + said.stderr


def fetched(url: str, **headers: str) -> tuple[int, bytes, str]:
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers)) as answer:
            return answer.status, answer.read(), answer.headers["ETag"]
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read(), refused.headers["ETag"]


def test_the_addresses_in_a_certificate_lead_to_its_list_and_its_issuer(crowd: Crowd) -> None:
    certificate = crowd.certificate(one(crowd, "revoked"))
    point = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value[0]
    content = x509.load_der_x509_crl(fetched(point.full_name[0].value)[1])
    assert content.get_revoked_certificate_by_serial_number(certificate.serial_number)
    part = content.extensions.get_extension_for_class(x509.IssuingDistributionPoint)
    assert part.critical
    assert part.value.full_name == point.full_name
    access = certificate.extensions.get_extension_for_class(x509.AuthorityInformationAccess).value
    (issuer,) = [each.access_location.value for each in access if each.access_method == CA_ISSUERS]
    certificate.verify_directly_issued_by(x509.load_der_x509_certificate(fetched(issuer)[1]))


def test_openssl_verifies_with_the_part_that_the_certificate_names(crowd: Crowd) -> None:
    for state, expected in ((GOOD, "OK"), ("revoked", "certificate revoked")):
        name = one(crowd, state)
        point = crowd.certificate(name).extensions.get_extension_for_class(x509.CRLDistributionPoints).value[0]
        content = x509.load_der_x509_crl(fetched(point.full_name[0].value)[1])
        (crowd.folder / "part.pem").write_bytes(content.public_bytes(Encoding.PEM))
        command = ["openssl", "verify", "-crl_check", "-extended_crl", "-CRLfile", "part.pem"]
        command += ["-CAfile", "root.pem", "-untrusted", "issuing.pem", f"{name}.pem"]
        said = subprocess.run(command, cwd=crowd.folder, capture_output=True, text=True, check=False)
        assert expected in said.stdout + said.stderr


def test_a_list_that_did_not_change_is_not_sent_again(crowd: Crowd) -> None:
    url = f"{address(crowd)}/crl/issuing.crl"
    status, _, tag = fetched(url)
    assert status == 200
    assert fetched(url, **{"If-None-Match": tag})[:2] == (304, b"")
    victim = one(crowd, GOOD)
    crowd.authority.hold(crowd.certificate(victim).serial_number, "just now")
    status, _, other = fetched(url, **{"If-None-Match": tag})
    assert (status, other != tag) == (200, True)
    crowd.authority.release(crowd.certificate(victim).serial_number, "sorry")


@pytest.mark.parametrize("path", ["/crl/other.crl", "/crl/issuing/8.crl", "/crl/issuing-9.crl", "/ca/x.cer", "/"])
def test_what_is_not_there_is_not_there(crowd: Crowd, path: str) -> None:
    assert fetched(address(crowd) + path)[0] == 404


def test_every_judge_finds_every_certificate_as_it_is(crowd: Crowd) -> None:
    assert {str(each) for each in judged(crowd) if each.wrong} == set()
