import base64
import hashlib
import io
import zipfile
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key, pkcs12
from hypothesis import given, settings
from hypothesis import strategies as st
from pypinksign.test_pinkSign import TEST_CERT

from ca.asn1 import seed
from ca.asn1.der import Algorithm, Oid, raw, sequence_of, spki_bytes
from ca.asn1.pbes import Encrypted
from ca.asn1.vid import IdentifyData, read_identify_data, virtual_id
from ca.files import (
    FileBroken,
    Scheme,
    WrongKeyPassword,
    folder_name,
    generate_key,
    npki_zip,
    read_signpri,
    write_pfx,
    write_signpri,
)
from ca.files.encryption.decrypt import FIXED_IV, pbes1_seed
from ca.files.encryption.pkcs12_kdf import _by_openssl, by_hand, derive
from ca.files.material import PrivateKeyInfo, random_number_of, write_pkcs8
from ca.files.signpri import Pbes1, write_pbes1
from tests.support.authority import SmallAuthority, key

PASSWORD = b"Correct-Horse-9"


def genuine(name: str) -> bytes:
    return base64.b64decode(TEST_CERT[name])


def test_the_public_vector_of_the_vid() -> None:
    r = bytes.fromhex("79EA7568A2D3776604E18BCD3A1B1B85B7DA0872")
    assert (
        virtual_id("1234561234567", r).hex().upper()
        == "17692C8DD00EAD33791DE0A64A937C60799634C64AC56FA57570C0E05252AB35"
    )


def test_the_genuine_identify_data_reads_and_writes_the_same_bytes() -> None:
    certificate = x509.load_der_x509_certificate(genuine("signCert"))
    data = read_identify_data(certificate)
    assert data.real_name == "HKD"
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert asn1.encode_der(data) == names.get_values_for_type(x509.OtherName)[0].value
    assert asn1.encode_der(asn1.decode_der(IdentifyData, asn1.encode_der(data))) == asn1.encode_der(data)


@pytest.mark.parametrize(("name", "r"), [("plainSignPri", None), ("plainSignPriFullB64", TEST_CERT["r"])])
def test_the_genuine_plain_key_reads_and_writes_the_same_bytes(name: str, r: bytes | None) -> None:
    info = asn1.decode_der(PrivateKeyInfo, genuine(name))
    assert random_number_of(genuine(name)) == r
    assert write_pkcs8(info.key, r) == genuine(name)


def test_the_genuine_signpri_reads_and_writes_the_same_bytes() -> None:
    material = read_signpri(genuine("signPri"), TEST_CERT["signPw"])
    assert material.pkcs8 == genuine("plainSignPriFullB64")
    assert material.random_number == TEST_CERT["r"]
    certificate = x509.load_der_x509_certificate(genuine("signCert"))
    assert material.spki == spki_bytes(certificate.public_key())
    assert write_pbes1(material.pkcs8, TEST_CERT["signPw"], base64.b64decode(TEST_CERT["signPriSalt"])) == genuine(
        "signPri"
    )


def test_the_genuine_subject_becomes_its_folder() -> None:
    name = "cn=HKD(KILDONG.HONG)009104120200225191000030,ou=INITECH,ou=personal4IB,o=yessign,c=kr"
    assert folder_name(genuine("signCert")) == name


@pytest.mark.parametrize("scheme", Scheme)
def test_a_key_file_opens_with_its_password_and_keeps_r(scheme: Scheme) -> None:
    data = write_signpri(key(0).pkcs8, PASSWORD, scheme)
    assert read_signpri(data, PASSWORD) == key(0)
    assert write_signpri(key(0).pkcs8, PASSWORD, scheme) != data


def test_the_oldest_files_with_their_fixed_iv_are_read() -> None:
    secret, _ = pbes1_seed(PASSWORD, b"saltsalt", 2048)
    parameters = raw(asn1.encode_der(Pbes1(salt=b"saltsalt", rounds=2048)))
    algorithm = Algorithm(algorithm=Oid("1.2.410.200004.1.4"), parameters=parameters)
    data = Encrypted(algorithm=algorithm, data=seed.encrypt(secret, FIXED_IV, key(0).pkcs8))
    assert read_signpri(asn1.encode_der(data), PASSWORD) == key(0)


@pytest.mark.parametrize("scheme", Scheme)
def test_a_wrong_password_is_never_taken_for_a_right_one(scheme: Scheme) -> None:
    data = write_signpri(key(0).pkcs8, PASSWORD, scheme)
    for number in range(600):  # the padding alone is fooled about twice in so many
        with pytest.raises(WrongKeyPassword):
            read_signpri(data, f"guess {number}".encode())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x30\x00",
        b"not a key",
        genuine("signCert"),
        genuine("plainSignPri"),
        genuine("signPri")[:-40],
        genuine("pfx"),
        bytes(70_000),
    ],
)
def test_a_broken_file_is_not_called_a_wrong_password(data: bytes) -> None:
    with pytest.raises(FileBroken):
        read_signpri(data, PASSWORD)


@pytest.mark.parametrize("rounds", [0, -1, 10**9])
def test_a_file_cannot_keep_the_processor_busy(rounds: int) -> None:
    parameters = raw(asn1.encode_der(Pbes1(salt=bytes(8), rounds=rounds)))
    algorithm = Algorithm(algorithm=Oid("1.2.410.200004.1.15"), parameters=parameters)
    with pytest.raises(FileBroken, match="rounds"):
        read_signpri(asn1.encode_der(Encrypted(algorithm=algorithm, data=bytes(16))), PASSWORD)


@settings(max_examples=120, deadline=None)
@given(at=st.integers(0, 1301), value=st.integers(0, 255), cut=st.booleans())
def test_any_damage_is_one_of_two_errors(at: int, value: int, cut: bool) -> None:
    whole = bytearray(genuine("signPri"))
    at %= len(whole)
    whole[at] = value
    data = bytes(whole[:at] if cut else whole)
    try:
        material = read_signpri(data, TEST_CERT["signPw"])
    except (FileBroken, WrongKeyPassword):
        return
    assert material.spki


@pytest.mark.parametrize(
    "write", [write_signpri, lambda pkcs8, password: write_pfx(pkcs8, CERTIFICATE, password.decode())]
)
def test_an_empty_password_is_refused(write: object) -> None:
    with pytest.raises(ValueError, match="empty password"):
        write(key(0).pkcs8, b"")


CERTIFICATE = genuine("signCert")


@pytest.mark.parametrize("compatible", [False, True])
@pytest.mark.parametrize("password", ["Correct-Horse-9", "비밀번호-Horse-9"])
def test_pkcs12_opens_elsewhere(small_ca: SmallAuthority, compatible: bool, password: str) -> None:
    chain = (small_ca.authority.chain.issuing, small_ca.authority.chain.root)
    certificate = small_ca.old().der
    data = write_pfx(key(0).pkcs8, certificate, password, chain=chain, compatible=compatible)
    private, leaf, above = pkcs12.load_key_and_certificates(data, password.encode())
    assert spki_bytes(private.public_key()) == key(0).spki
    assert leaf.public_bytes(Encoding.DER) == certificate
    assert len(above) == 2
    with pytest.raises(ValueError, match=r"[Ii]nvalid password"):
        pkcs12.load_key_and_certificates(data, b"wrong")


def test_the_key_derivation_of_pkcs12_agrees_with_a_known_answer() -> None:
    # From the test suites of several libraries: password "smeg", 1 round.
    derived = derive(hashlib.sha1, "smeg", bytes.fromhex("0A58CF64530D823F"), 1, 1, 24)
    assert derived.hex().upper() == "8AAAE6297B6CB04642AB5B077851284EB7128F1A2A7FBCA3"


@given(
    digest=st.sampled_from([hashlib.sha1, hashlib.sha256]),
    password=st.text(st.characters(codec="utf-16"), max_size=70),
    salt=st.binary(min_size=1, max_size=150),
    rounds=st.integers(1, 40),
    purpose=st.sampled_from([1, 2, 3]),
    length=st.integers(1, 130),
)
def test_counting_by_hand_gives_what_openssl_gives(
    digest: Any, password: str, salt: bytes, rounds: int, purpose: int, length: int
) -> None:
    secret = password.encode("utf-16-be") + b"\0\0"
    counted = by_hand(digest, secret, salt, rounds, purpose, length)
    assert derive(digest, password, salt, rounds, purpose, length) == counted
    fast = _by_openssl(digest().name, secret, salt, rounds, purpose, length)
    assert fast in {None, counted}


def test_the_zip_holds_the_folder_that_tools_look_for(small_ca: SmallAuthority) -> None:
    certificate = small_ca.old().der
    data = npki_zip(certificate, b"key file", chain=(small_ca.authority.chain.issuing,))
    archive = zipfile.ZipFile(io.BytesIO(data))
    user = "NPKI/reissue-bot/USER/cn=홍길동()0003041202703100000001,ou=IBK,ou=personal4IB,o=reissue-bot,c=kr"
    assert archive.read(f"{user}/signCert.der") == certificate
    assert archive.read(f"{user}/signPri.key") == b"key file"
    assert len(archive.namelist()) == 3
    assert npki_zip(certificate, b"key file", chain=(small_ca.authority.chain.issuing,)) == data


@pytest.mark.parametrize("name", ["../../etc", "a/b", "C:\\x", 'a"b', "a,b=c", "..", "JOHN SMITH"])
def test_no_name_leaves_its_folder(small_ca: SmallAuthority, name: str) -> None:
    folder = folder_name(small_ca.old(name=name).der)
    assert not set(folder) & set('/\\:*?"<>| ')
    assert folder.count(",") == 4
    assert all(part.split("=", 1)[1].strip(".") for part in folder.split(","))


@given(st.lists(st.binary(max_size=300).map(asn1.encode_der), max_size=300))
def test_a_sequence_of_anything_has_the_right_length(parts: list[bytes]) -> None:
    whole = asn1.decode_der(asn1.TLV, sequence_of(*parts))
    assert bytes(whole.data) == b"".join(parts)


def test_generated_keys_differ_and_load() -> None:
    first, second = generate_key(), generate_key()
    assert first.random_number != second.random_number
    assert len(first.random_number) == 20
    assert spki_bytes(load_der_private_key(first.pkcs8, None).public_key()) == first.spki
    assert "pkcs8" not in repr(first)


def test_seed_agrees_with_the_published_vector() -> None:
    # RFC 4269 appendix B.1: all-zero key, plaintext 00 01 … 0F.
    block = seed.encrypt(bytes(16), bytes(16), bytes(range(16)))[:16]
    assert block.hex().upper() == "5EBAC6E0054E166819AFF1CC6D346CDB"
