import pytest

from ca import Authority, AuthoritySettings
from tests.judges.samples import PASSWORD, Exhibits, Judge

pytestmark = pytest.mark.judge
LEGACY = ("-provider", "legacy", "-provider", "default")
POLICY = f"{AuthoritySettings().policy_arc}.1"
STRICT = ("-x509_strict", "-policy_check", "-policy", POLICY, "-explicit_policy")
CHAIN = ("-CAfile", "root.pem", "-untrusted", "issuing.pem")


@pytest.mark.parametrize("name", ["new", "long", "foreign", "expired"])
def test_certificates_verify_strictly(judge: Judge, name: str) -> None:
    result = judge("openssl", "verify", *STRICT, *CHAIN, f"{name}.pem")
    assert result.returncode == 0, result.stderr


def test_another_policy_does_not_verify(judge: Judge) -> None:
    result = judge("openssl", "verify", "-policy_check", "-policy", "1.2.3.4", "-explicit_policy", *CHAIN, "new.pem")
    assert "no explicit policy" in result.stderr


@pytest.mark.parametrize("name", ["new", "long", "foreign"])
def test_good_certificates_pass_the_lists(judge: Judge, name: str) -> None:
    result = judge("openssl", "verify", *STRICT, "-crl_check_all", "-CRLfile", "lists.pem", *CHAIN, f"{name}.pem")
    assert result.returncode == 0, result.stderr


@pytest.mark.parametrize("name", ["old", "held", "stolen", "unspecified"])
def test_revoked_and_held_certificates_do_not(judge: Judge, name: str) -> None:
    result = judge("openssl", "verify", "-crl_check_all", "-CRLfile", "lists.pem", *CHAIN, f"{name}.pem")
    assert "certificate revoked" in result.stderr


@pytest.mark.parametrize(("name", "issuer"), [("issuing.crl", "issuing.pem"), ("root.crl", "root.pem")])
def test_lists_are_signed_by_their_issuer(judge: Judge, name: str, issuer: str) -> None:
    assert "verify OK" in judge("openssl", "crl", "-in", name, "-CAfile", issuer, "-noout", "-verify").stderr


def test_the_list_tells_reasons_and_no_unspecified_one(judge: Judge) -> None:
    text = judge("openssl", "crl", "-in", "issuing.crl", "-noout", "-text").stdout
    assert text.count("Serial Number:") == 4
    assert text.count("X509v3 CRL Reason Code") == 3
    for reason in ("Superseded", "Certificate Hold", "Key Compromise"):
        assert reason in text


def test_the_key_file_opens_with_the_legacy_provider(judge: Judge, exhibits: Exhibits) -> None:
    arguments = (
        "-inform",
        "DER",
        "-in",
        "PBES2.key",
        "-passin",
        f"pass:{PASSWORD}",
        "-outform",
        "DER",
        "-out",
        "p8",
    )
    result = judge("openssl", "pkcs8", *LEGACY, *arguments)
    assert result.returncode == 0, result.stderr
    assert judge("openssl", "pkey", "-inform", "DER", "-in", "p8", "-noout", "-check").returncode == 0


@pytest.mark.parametrize(("name", "legacy"), [("modern", ()), ("compatible", LEGACY)])
def test_pkcs12_opens_and_shows_r_among_the_attributes(
    judge: Judge, exhibits: Exhibits, name: str, legacy: tuple[str, ...]
) -> None:
    result = judge("openssl", "pkcs12", *legacy, "-in", f"{name}.p12", "-info", "-passin", f"pass:{PASSWORD}", "-noenc")
    assert result.returncode == 0, result.stderr
    text = result.stdout + result.stderr
    assert "1.2.410.200004.10.1.1.3" in text
    shown = text.split("1.2.410.200004.10.1.1.3:")[1].splitlines()[0] if "10.1.1.3:" in text else text
    assert exhibits.key.random_number.hex() in shown.replace(" ", "").replace(":", "").lower()
    assert text.count("BEGIN CERTIFICATE") == 3
    assert "localKeyID" in text


def test_pkcs12_is_aes_and_sha256_today(judge: Judge) -> None:
    text = judge("openssl", "pkcs12", "-in", "modern.p12", "-info", "-passin", f"pass:{PASSWORD}", "-noout").stderr
    assert "MAC: sha256, Iteration 100000" in text
    assert text.count("PBES2, PBKDF2, AES-256-CBC, Iteration 100000, PRF hmacWithSHA256") == 2


def test_the_authoritys_key_opens_with_its_passphrase(judge: Judge) -> None:
    for name in ("root", "issuing"):
        arguments = ("-inform", "DER", "-in", f"ca/{name}.key", "-noout", "-check")
        assert judge("openssl", "pkey", *arguments, "-passin", "pass:passphrase").returncode == 0
        assert judge("openssl", "pkey", *arguments, "-passin", "pass:guess").returncode != 0


def test_the_audit_of_all_this_is_well(exhibits: Exhibits) -> None:
    authority: Authority = exhibits.authority
    assert authority.verify_audit().ok
