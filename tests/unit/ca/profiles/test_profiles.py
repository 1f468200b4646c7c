"""Profiles are data: four come along, an operator adds theirs, and a wrong one is refused with its file and line."""

from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec

from ca import CaRefusal, ProfileWrong, profiles
from ca.asn1.der import spki_bytes
from ca.profiles.names import NAME_BYTES
from tests.support.authority import SETTINGS, SmallAuthority, order

OWN = Path(profiles.__file__).with_name("personal.toml").read_text(encoding="utf-8")
ALL = {"personal": 13, "personal_general": 13, "corporate": 10, "corporate_general": 10}


def test_these_come_along() -> None:
    assert profiles.load().keys() == ALL.keys()


@pytest.mark.parametrize("name", ALL)
def test_each_issues_what_it_says(small_ca: SmallAuthority, name: str) -> None:
    certificate = small_ca.authority.issue(order(profile=name, idn="1" * ALL[name]))
    read = x509.load_der_x509_certificate(certificate.der)
    own = profiles.find(name)
    policies = read.extensions.get_extension_for_class(x509.CertificatePolicies).value
    assert policies[0].policy_identifier.dotted_string == f"{SETTINGS.policy_arc}.{own.policy}"
    assert read.subject.rfc4514_string().split(",")[2] == f"OU={own.unit}"
    assert [each.critical for each in read.extensions] == [critical for _, critical in own.extensions]


@pytest.mark.parametrize(("curve", "name"), [(ec.SECP256R1(), "P-256"), (ec.SECP384R1(), "P-384")])
def test_elliptic_keys_where_the_profile_allows(small_ca: SmallAuthority, curve: ec.EllipticCurve, name: str) -> None:
    spki = spki_bytes(ec.generate_private_key(curve).public_key())
    assert small_ca.authority.issue(order(spki=spki, profile="personal_general"))
    with pytest.raises(CaRefusal, match="R15 reason=curve"):
        small_ca.authority.issue(order("other", spki=spki, profile="personal"))


def test_a_point_that_is_not_on_its_curve(small_ca: SmallAuthority) -> None:
    spki = bytearray(spki_bytes(ec.generate_private_key(ec.SECP256R1()).public_key()))
    spki[-1] ^= 1
    with pytest.raises(CaRefusal, match="R15 reason=not_on_curve"):
        small_ca.authority.issue(order(spki=bytes(spki), profile="personal_general"))


@pytest.mark.parametrize("curve", [ec.SECP521R1(), ec.SECP256K1(), ec.SECP192R1(), ec.BrainpoolP256R1()])
def test_other_curves_are_refused(small_ca: SmallAuthority, curve: ec.EllipticCurve) -> None:
    spki = spki_bytes(ec.generate_private_key(curve).public_key())
    with pytest.raises(CaRefusal, match="R15 reason=curve"):
        small_ca.authority.issue(order(spki=spki, profile="personal_general"))


def test_a_companys_number_has_ten_digits(small_ca: SmallAuthority) -> None:
    with pytest.raises(CaRefusal, match="idn_unfit"):
        small_ca.authority.issue(order(profile="corporate", idn="9001011234567"))


@pytest.mark.parametrize("name", ["nobody", "../personal", "__init__", ""])
def test_an_unknown_profile_is_refused(small_ca: SmallAuthority, name: str) -> None:
    with pytest.raises(CaRefusal, match="unknown_profile"):
        small_ca.authority.issue(order(profile=name))


def written(folder: Path, text: str, name: str = "special") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / f"{name}.toml").write_text(text, encoding="utf-8")
    return folder


def test_an_operators_own_profile_is_issued_by(small_ca: SmallAuthority, tmp_path: Path) -> None:
    folder = written(tmp_path / "own", OWN.replace('policy = "1"', 'policy = "77.1"').replace("years = 1", "years = 3"))
    small_ca.settings = replace(SETTINGS, profiles=folder)
    small_ca.restart()
    certificate = small_ca.authority.issue(order(profile="special"))
    assert certificate.not_after.year - certificate.not_before.year == 3


def line_of(text: str) -> int:
    return next(number for number, line in enumerate(OWN.splitlines(), 1) if line.startswith(text))


@pytest.mark.parametrize(
    ("key", "line", "said"),
    [
        ("years", "years = 0", "years must be from 1 to 10, not 0"),
        ("years", "years = true", "years must be a whole number, not True"),
        ("years", 'years = "1"', "years must be a whole number"),
        ("policy", 'policy = "1..2"', "policy must be numbers with dots between"),
        ("policy", 'policy = "01"', "policy must be numbers"),
        ("unit", 'unit = "a=b"', "unit must be letters"),
        ("rsa_bits", "rsa_bits = [512, 4096]", "rsa_bits must be [from, to] between 2048 and 4096"),
        ("rsa_bits", "rsa_bits = [4096, 2048]", "rsa_bits must be [from, to]"),
        ("rsa_bits", "rsa_bits = [2048]", "rsa_bits must be [from, to]"),
        ("curves", 'curves = ["P-521"]', "'P-521' is none of them"),
        ("key_usage", 'key_usage = ["key_cert_sign"]', "'key_cert_sign' is none of them"),
        ("key_usage", 'key_usage = ["content_commitment"]', "must name digital_signature"),
        ("idn_digits", "idn_digits = 13", "idn_digits must be a list"),
        ("crl_parts", "crl_parts = -1", "crl_parts must be from 0 to 1000"),
        ("notice", 'notice = ""', "notice must be one line"),
        ("renewal_days", "renewal_days = 30\ncolour = 1", "colour is no key of a profile"),
        ("years", "years = = 1", "Invalid value"),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path: Path, key: str, line: str, said: str) -> None:
    lines = OWN.splitlines()
    at = line_of(key)
    lines[at - 1] = line
    folder = written(tmp_path / "own", "\n".join(lines))
    shift = line.count("\n")
    with pytest.raises(ProfileWrong) as wrong:
        profiles.load(folder)
    assert str(wrong.value).startswith(f"{folder / 'special.toml'}:{at + shift}: ")
    assert said in str(wrong.value)


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ('  "subjectAltName",\n', "", "extensions must name subjectAltName"),
        ('  "subjectAltName",\n', '  "keyUsage",\n', "extensions names something twice"),
        (
            '"subjectAltName"',
            '"subjectAltName sometimes"',
            "extensions cannot hold 'subjectAltName sometimes'",
        ),
        ('"subjectAltName"', '"nameConstraints"', "extensions cannot hold 'nameConstraints'"),
        ("years = 1\n", "", "years is missing"),
    ],
)
def test_other_faults(tmp_path: Path, before: str, after: str, said: str) -> None:
    folder = written(tmp_path / "own", OWN.replace(before, after).replace('policy = "1"', 'policy = "9"'))
    with pytest.raises(ProfileWrong, match=r"special\.toml:\d+: ") as wrong:
        profiles.load(folder)
    assert said in str(wrong.value)


def test_two_profiles_with_one_policy_or_one_name(tmp_path: Path) -> None:
    with pytest.raises(ProfileWrong, match=r"its policy 1 is that of personal\.toml"):
        profiles.load(written(tmp_path / "a", OWN))
    with pytest.raises(ProfileWrong, match="there is a profile personal already"):
        profiles.load(written(tmp_path / "b", OWN.replace('policy = "1"', 'policy = "9"'), "personal"))


def test_the_authority_does_not_start_with_a_wrong_profile(small_ca: SmallAuthority, tmp_path: Path) -> None:
    small_ca.settings = replace(SETTINGS, profiles=written(tmp_path / "own", "years = 1"))
    with pytest.raises(ProfileWrong, match=r"special\.toml:1: \w+ is missing"):
        small_ca.restart()


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(ProfileWrong, match="no such folder"):
        profiles.load(tmp_path / "nowhere")


def test_a_name_as_long_as_a_certificate_carries(small_ca: SmallAuthority) -> None:
    longest = "가" * (NAME_BYTES // 3)
    assert small_ca.authority.issue(order(name=longest, profile="corporate", idn="1234567890"))
    with pytest.raises(CaRefusal, match="name_too_long"):
        small_ca.authority.issue(order("longer", name=longest + "나다", profile="corporate", idn="1234567890"))
