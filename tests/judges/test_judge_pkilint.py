import pytest

from tests.judges.samples import Judge

pytestmark = pytest.mark.judge
FROM_WARNING = ("-s", "WARNING")


@pytest.mark.parametrize("name", ["new", "long", "foreign", "old", "issuing", "root"])
def test_certificates_have_no_finding(judge: Judge, name: str) -> None:
    result = judge("lint_pkix_cert", "lint", *FROM_WARNING, f"{name}.pem")
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(("signer", "signee"), [("root", "issuing"), ("issuing", "new"), ("issuing", "long")])
def test_pairs_have_no_finding(judge: Judge, signer: str, signee: str) -> None:
    arguments = ("lint", *FROM_WARNING, f"{signer}.pem", f"{signee}.pem")
    result = judge("lint_pkix_signer_signee_cert_chain", *arguments)
    assert result.returncode == 0, result.stdout


@pytest.mark.parametrize(("name", "kind"), [("issuing", "CRL"), ("root", "ARL")])
def test_lists_have_no_finding(judge: Judge, name: str, kind: str) -> None:
    result = judge("lint_crl", "lint", "-t", kind, "-p", "PKIX", *FROM_WARNING, f"{name}.crl")
    assert result.returncode == 0, result.stdout
