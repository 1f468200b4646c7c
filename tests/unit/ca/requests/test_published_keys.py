import base64
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca import CaRefusal
from ca.requests.published_keys import ListWrong, PublishedKeys
from tests.support import authority as small_ca
from tests.support.authority import SmallAuthority, enrolment, key, order, request
from tests.unit.ca.requests.test_key_rules import modulus_of, spki

#: A key of Debian's predictable generator as it was met outside (the test data of badkeys, MIT licence): its modulus.
GENUINE_DEBIAN = int.from_bytes(
    base64.b64decode(
        "wJZTDExKND/DiP+LbhTIi2F0hZZt0PdX897LLwPf3+b1GOCUj1OHBZvVqhJPJtOPE53W68I0NgVhaJdY6bFOA/cUUIFnN0y/ZOJOJsPNle1a"
        "XQTjxAS+FXu4CQ6a2pzcU+9+gGwed7XxAkIVCiTprfmRCI2vIKdb61S8kf5D3YdVRH/Tq977nxyYeosEGYJFBOIT+N0mqca37S8hA9hCJyD3"
        "p0AM40dD5M5ARAxpAT7+oqOXkPzfzLtCTaHYJK3+WAce121Br4NuQJPqYPVxniUPohT4YxFTqB7vwX2C4/gZ2ldpHtlgJVAHT96nOsnlz+EP"
        "a5GtwxtALD43CwOlWQ=="
    ),
    "big",
)


def list_of(folder: Path, *numbers: int, fillers: int = 100) -> Path:
    """Write a list as badkeys does: 120 bits of SHA-256 over the number, and one octet for the source."""
    known = {number.to_bytes((number.bit_length() + 7) // 8, "big") for number in numbers}
    known |= {f"filler {each}".encode() for each in range(fillers)}
    path = folder / "blocklist.dat"
    path.write_bytes(b"".join(sorted(sha256(each).digest()[:15] + b"\x05" for each in known)))
    return path


@pytest.mark.parametrize("fillers", [0, 1, 2, 3, 100, 5000])
def test_a_key_is_found_wherever_it_stands_and_no_other_is(fillers: int, tmp_path: Path) -> None:
    published = PublishedKeys(list_of(tmp_path, GENUINE_DEBIAN, modulus_of(1), fillers=fillers))
    assert published.has(spki(GENUINE_DEBIAN))
    assert published.has(key(1).spki)
    assert not published.has(key(2).spki)


def test_another_exponent_does_not_hide_it(tmp_path: Path) -> None:
    assert PublishedKeys(list_of(tmp_path, GENUINE_DEBIAN)).has(spki(GENUINE_DEBIAN, 65539))


def test_a_point_is_known_by_its_x(tmp_path: Path) -> None:
    point = ec.generate_private_key(ec.SECP256R1()).public_key()
    published = PublishedKeys(list_of(tmp_path, point.public_numbers().x))
    assert published.has(point.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo))


@pytest.mark.parametrize("content", [b"", b"one octet too many", bytes(range(32, 0, -1)), bytes(32)])
def test_what_is_no_such_list_is_refused_by_name(content: bytes, tmp_path: Path) -> None:
    wrong = tmp_path / "blocklist.dat"
    wrong.write_bytes(content)
    with pytest.raises(ListWrong, match=r"blocklist\.dat"):
        PublishedKeys(wrong)


def test_a_list_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(ListWrong, match=r"nowhere\.dat"):
        PublishedKeys(tmp_path / "nowhere.dat")


@pytest.fixture
def wary(tmp_path: Path) -> SmallAuthority:
    settings = replace(small_ca.SETTINGS, published=list_of(tmp_path, GENUINE_DEBIAN, modulus_of(1)))
    return SmallAuthority(tmp_path, settings=settings)


def test_a_published_key_is_refused_before_a_serial_is_used(wary: SmallAuthority) -> None:
    before = wary.authority.audit_head().entries
    with pytest.raises(CaRefusal, match="R15 reason=published_key"):
        wary.authority.issue(order(spki=spki(GENUINE_DEBIAN)))
    assert wary.authority.certificates("C-0001") == ()
    assert wary.authority.audit_head().entries == before + 1  # the refusal


def test_after_the_refusal_the_same_code_collects_with_a_sound_key(wary: SmallAuthority) -> None:
    given = wary.authority.enrol(enrolment(replaces=wary.old().serial))
    with pytest.raises(CaRefusal, match="published_key"):
        wary.authority.redeem(given.reference, given.code, request(1))
    assert wary.authority.redeem(given.reference, given.code, request(2)).request_id == "new"
