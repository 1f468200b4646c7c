import hashlib
from pathlib import Path

import pytest
from cryptography import x509

from ca.asn1.vid import read_identify_data
from tests.judges.samples import IDN, NAME, PASSWORD, Exhibits, Judge

pypinksign = pytest.importorskip("pypinksign", reason="the judge pypinksign is not installed here")
pytestmark = [
    pytest.mark.judge,
    pytest.mark.filterwarnings("ignore::ResourceWarning"),  # it leaves its files open
]


@pytest.fixture(params=["PBES1", "PBES2", "folder"])
def opened(request: pytest.FixtureRequest, exhibits: Exhibits) -> object:
    where = exhibits.npki / "signPri.key" if request.param == "folder" else exhibits.folder / f"{request.param}.key"
    return pypinksign.PinkSign(
        pubkey_path=str(exhibits.npki / "signCert.der"),
        prikey_path=str(where),
        prikey_password=PASSWORD.encode(),
    )


def random_number(opened: object) -> bytes:
    return opened._rand_num.asOctets()


def test_it_reads_name_policy_and_dates(opened: object, exhibits: Exhibits) -> None:
    assert opened.cn().startswith(f"{NAME}()0003041")
    assert opened.issuer() == "reissue-bot"
    assert opened.cert_type_oid() == "1.3.6.1.4.1.32473.1.1"
    assert opened.serialnum() == exhibits.new.serial
    assert opened.valid_date()[::-1] == (
        exhibits.new.not_before,
        exhibits.new.not_after,
    ) or opened.valid_date() == (
        exhibits.new.not_before,
        exhibits.new.not_after,
    )


def test_it_signs_with_the_key_and_verifies_with_the_certificate(opened: object) -> None:
    assert opened.verify(opened.sign(b"message"), b"message")


def test_r_survives_and_proves_the_identity_number(opened: object, exhibits: Exhibits) -> None:
    r = random_number(opened)
    assert r == exhibits.key.random_number
    # SEQUENCE { PrintableString idn, BIT STRING R }, written by hand so that nothing of ours is asked.
    content = bytes([0x13, len(IDN)]) + IDN.encode() + bytes([0x03, len(r) + 1, 0]) + r
    vid = hashlib.sha256(hashlib.sha256(bytes([0x30, len(content)]) + content).digest()).digest()
    certificate = x509.load_der_x509_certificate(exhibits.new.der)
    assert read_identify_data(certificate).user_info[0].vid.virtual_id == vid


def test_its_signed_message_verifies_with_openssl(opened: object, exhibits: Exhibits, judge: Judge) -> None:
    exhibits.file("signed.p7", opened.pkcs7_signed_msg(b"message"))
    arguments = ("-inform", "DER", "-in", "signed.p7", "-CAfile", "ca.pem")
    result = judge("openssl", "cms", "-verify", *arguments, "-purpose", "any", "-binary")
    assert result.returncode == 0, result.stderr
    assert result.stdout == "message"


def test_it_finds_the_certificate_in_the_folder(exhibits: Exhibits) -> None:
    found = pypinksign.choose_cert(base_path=str(exhibits.folder / "NPKI"), cn=NAME, pw=PASSWORD.encode())
    assert Path(found.pubkey_path).name == "signCert.der"
    assert found.serialnum() == exhibits.new.serial


@pytest.mark.parametrize("name", ["modern", "compatible"])
def test_it_opens_the_pkcs12(exhibits: Exhibits, name: str) -> None:
    data = (exhibits.folder / f"{name}.p12").read_bytes()
    opened = pypinksign.PinkSign(p12_data=data, prikey_password=PASSWORD.encode())
    assert opened.verify(opened.sign(b"message"), b"message")
