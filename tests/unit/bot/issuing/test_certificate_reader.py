"""What a certificate file says, and that nothing else that looks like one breaks anything."""

import base64
import time
from datetime import UTC, date, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st

from bot.issuing import bundle, certificate_reader
from bot.issuing.port import Purpose
from ca.files.certificate import purposes
from tests.support.certificates import BEGIN, END, KEY, certificate, der, issuer
from tests.support.genuine_npki import CERTIFICATE as GENUINE

#: The issuers and policies that customers' certificates have: scope and holder.
POLICIES = {
    ("yessign", "1.2.410.200005.1.1.1"): ("general", "person"),
    ("yessign", "1.2.410.200005.1.1.5"): ("general", "corporation"),
    ("yessign", "1.2.410.200005.1.1.4"): ("finance", "person"),
    ("yessign", "1.2.410.200005.1.1.2"): ("finance", "corporation"),
    ("yessign", "1.2.410.200005.1.1.6.8"): ("tax", "corporation"),
    ("KICA", "1.2.410.200004.5.2.1.2"): ("general", "person"),
    ("KICA", "1.2.410.200004.5.2.1.7.1"): ("finance", "person"),
    ("SignKorea", "1.2.410.200004.5.1.1.7"): ("general", "corporation"),
    ("SignKorea", "1.2.410.200004.5.1.1.9"): ("securities", "person"),
    ("CrossCert", "1.2.410.200004.5.4.1.103"): ("card", "person"),
    ("TradeSign", "1.2.410.200012.1.1.101"): ("finance", "person"),
}
EXAMPLES = {
    "genuine": GENUINE,
    "made": der(),
    "pem": certificate().public_bytes(Encoding.PEM),
    "bare": der(policy=None),
}


def nested(depth: int) -> bytes:
    """Return sequences in sequences, each with its length written right."""
    content = b""
    for _ in range(depth):
        content = _wrapped(0x30, content)
    return content


def _wrapped(tag: int, content: bytes) -> bytes:
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def patched(change: tuple[bytes, bytes], content: bytes = GENUINE) -> bytes:
    assert content.count(change[0]) >= 1
    return content.replace(*change)


# --- what it says ---


@pytest.mark.parametrize(("place", "said"), POLICIES.items())
def test_each_authority_and_policy_is_known(place: tuple[str, str], said: tuple[str, str]) -> None:
    sheet = certificate_reader.read(der(organization=place[0], policy=place[1]))
    assert sheet.authority == place[0].lower()
    assert (sheet.policy, sheet.not_before, sheet.not_after) == (place[1], BEGIN, END)
    assert bundle.purpose_of(sheet.policy, sheet.authority) == Purpose(*said)


def test_every_authority_of_the_table_has_a_name() -> None:
    assert {each.authority.lower() for each in purposes().values()} == set(certificate_reader.AUTHORITIES)


@pytest.mark.parametrize("organization", ["KICA", "reissue-bot", "evil"])
def test_another_authority_may_not_use_a_policy(organization: str) -> None:
    sheet = certificate_reader.read(der(organization=organization, policy="1.2.410.200005.1.1.4"))
    assert bundle.purpose_of(sheet.policy, sheet.authority) is None


def test_the_genuine_one_is_read() -> None:
    sheet = certificate_reader.read(GENUINE)
    assert (sheet.authority, sheet.policy) == ("yessign", "1.2.410.200005.1.1.4")
    assert sheet.not_after == datetime(2020, 3, 25, 14, 59, 59, tzinfo=UTC)
    assert sheet.der == GENUINE
    assert "HKD" not in repr(sheet)


def test_pem_is_the_same_certificate() -> None:
    shown = certificate()
    pem = b"\r\n" + shown.public_bytes(Encoding.PEM)
    assert certificate_reader.read(pem).der == shown.public_bytes(Encoding.DER)
    folded = base64.encodebytes(GENUINE)
    written = b"-----BEGIN CERTIFICATE-----\n" + folded + b"-----END CERTIFICATE-----\n"
    assert certificate_reader.read(written) == certificate_reader.read(GENUINE)


def test_without_policy_and_issuers_organization_the_dates_are_told() -> None:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "somebody")])
    sheet = certificate_reader.read(der(policy=None, name=name))
    assert (sheet.issuer, sheet.authority, sheet.policy, sheet.not_after) == ("", None, None, END)


@pytest.mark.parametrize(
    "value", ["한국" * 2000, "\u202e\u0000yessign", "yessign\n", " YesSign ", "\U0001f512"], ids=ascii
)
def test_odd_names_are_read_and_are_nobodys_unless_they_are(value: str) -> None:
    attribute = x509.NameAttribute(NameOID.ORGANIZATION_NAME, value, _validate=False)
    sheet = certificate_reader.read(der(name=x509.Name([attribute])))
    assert sheet.authority == ("yessign" if "esSign" in value or value == "yessign\n" else None)


@pytest.mark.parametrize("tag", [0x14, 0x16, 0x1E, 0x1C, 0x04, 0x02, 0x1F])
def test_a_name_in_another_encoding_leaves_no_more_than_the_issuer_open(tag: int) -> None:
    """TeletexString, IA5String, BMPString, UniversalString, and what is no string at all."""
    utf8 = b"\x0c\x07yessign"
    sheet = _read(patched((utf8, bytes([tag]) + utf8[1:]), der(organization="yessign")))
    assert sheet is None or sheet.not_after == END


def _read(content: bytes) -> certificate_reader.CertificateReport | None:
    try:
        return certificate_reader.read(content)
    except certificate_reader.NoCertificate:
        return None


def test_a_country_of_three_letters_is_only_odd() -> None:
    """The library warns of it, in words that may hold what stands there."""
    with pytest.warns(UserWarning, match="length"):
        attribute = x509.NameAttribute(NameOID.COUNTRY_NAME, "kor", _validate=False)
    sheet = certificate_reader.read(der(name=x509.Name([attribute])))
    assert (sheet.issuer, sheet.not_after) == (None, END)


# --- what is none ---


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"0",
        b"\x30\x80",
        b"PK\x03\x04",
        b"-----BEGIN CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----\nMIIF\n-----END CERTIFICATE-----",
        b"-----BEGIN NOTHING-----\nMIIF\n-----END NOTHING-----",
        GENUINE[:-1],
        GENUINE + b"\x00",
        GENUINE[4:],
        GENUINE * 12,
        nested(2000),
        nested(5000)[: certificate_reader.MOST_BYTES],
        b"\x30\x84\x7f\xff\xff\xff" + b"\x30" * 100,
        b"\xff" * certificate_reader.MOST_BYTES,
        x509.CertificateSigningRequestBuilder(issuer("x")).sign(KEY, SHA256()).public_bytes(Encoding.DER),
        patched((b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x07")),
        patched((b"200224150000Z", b"209902310000Z")),
        patched((b"200224150000Z", b"20022415000\xff\xff")),
    ],
    ids=range(19),
)
def test_what_is_no_certificate_is_none(content: bytes) -> None:
    with pytest.raises(certificate_reader.NoCertificate):
        certificate_reader.read(content)


@pytest.mark.parametrize("serial", [b"\x00", b"\xff"])
def test_a_serial_that_no_authority_gives_is_none(serial: bytes) -> None:
    made = der(serial=1)
    with pytest.raises(certificate_reader.NoCertificate):
        certificate_reader.read(made.replace(b"\x02\x01\x01\x30", b"\x02\x01" + serial + b"\x30", 1))


def test_a_huge_field_inside_the_limit_is_read_at_once() -> None:
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, "x" * 12_000, _validate=False)])
    policies = [x509.PolicyInformation(x509.ObjectIdentifier(f"1.2.{number}"), None) for number in range(300)]
    builder = x509.CertificateBuilder(name, issuer("y"), KEY.public_key(), 2**150, BEGIN, END)
    made = builder.add_extension(x509.CertificatePolicies(policies), critical=False).sign(KEY, SHA256())
    content = made.public_bytes(Encoding.DER)
    assert len(content) < certificate_reader.MOST_BYTES
    began = time.perf_counter()
    assert certificate_reader.read(content).policy == "1.2.0"
    assert time.perf_counter() - began < 1


def test_the_end_of_time_has_a_day() -> None:
    never = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    assert certificate_reader.last_day(certificate_reader.read(der(end=never)).not_after) == date.max
    assert certificate_reader.last_day(END) == date(2027, 3, 15)


# --- whatever comes ---


@given(st.binary(max_size=2000))
def test_no_bytes_break_it(content: bytes) -> None:
    for head in (
        b"",
        b"\x30",
        b"\x30\x82\x05\x10\x30\x82\x04\x00\xa0\x03\x02\x01\x02",
        b"-----BEGIN CERTIFICATE-----\n",
    ):
        _read(head + content)


@given(
    st.sampled_from(sorted(EXAMPLES)),
    st.lists(st.tuples(st.integers(0, 5000), st.integers(0, 255)), min_size=1, max_size=6),
)
def test_no_mutated_certificate_breaks_it(example: str, changes: list[tuple[int, int]]) -> None:
    content = bytearray(EXAMPLES[example])
    for place, value in changes:
        content[place % len(content)] = value
    sheet = _read(bytes(content))
    if sheet is not None:
        certificate_reader.last_day(sheet.not_after)
        certificate_reader.last_day(sheet.not_before)
        bundle.purpose_of(sheet.policy, sheet.authority)


@given(st.sampled_from(sorted(EXAMPLES)), st.integers(0, 2000), st.integers(0, 300), st.binary(max_size=300))
def test_no_cut_or_spliced_certificate_breaks_it(example: str, at: int, gone: int, new: bytes) -> None:
    content = EXAMPLES[example]
    _read(content[:at] + new + content[at + gone :])


def test_every_single_octet_may_be_anything_in_a_genuine_one() -> None:
    for place in range(0, len(GENUINE), 3):
        for value in (0x00, 0x30, 0x80, 0xFF):
            _read(GENUINE[:place] + bytes([value]) + GENUINE[place + 1 :])
