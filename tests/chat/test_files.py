"""The certificate's files: they open, can be fetched again for a while, and then they are gone."""

import io
import zipfile
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key
from cryptography.hazmat.primitives.serialization.pkcs12 import load_pkcs12

from ca import files as ca_files
from tests.support.customers import GILDONG
from tests.support.local_telegram import PASSWORD, Customer, LocalTelegram


def content_of(archive: bytes, name: str) -> bytes:
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        (path,) = (each for each in opened.namelist() if each.endswith(name))
        return opened.read(path)


async def test_the_folder_opens_with_the_password_and_with_no_other(place: LocalTelegram, gildong: Customer) -> None:
    archive = (await gildong.reissues(GILDONG))["npki.zip"]

    certificate = x509.load_der_x509_certificate(content_of(archive, "signCert.der"))
    locked = content_of(archive, "signPri.key")
    key = load_der_private_key(ca_files.read_signpri(locked, PASSWORD.encode()).pkcs8, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    assert key.public_key() == certificate.public_key()
    assert certificate.serial_number == place.authority.certificates(GILDONG.customer_id)[-1].serial
    with pytest.raises(ca_files.WrongKeyPassword):
        ca_files.read_signpri(locked, b"Haneul!2026rood")


async def test_the_p12_opens_with_the_password_and_with_no_other(gildong: Customer) -> None:
    p12 = (await gildong.reissues(GILDONG))["certificate.p12"]

    opened = load_pkcs12(p12, PASSWORD.encode())

    assert opened.key
    assert opened.cert
    form = (Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert opened.key.public_key().public_bytes(*form) == opened.cert.certificate.public_key().public_bytes(*form)
    assert len(opened.additional_certs) == 2
    with pytest.raises(ValueError, match="password"):
        load_pkcs12(p12, b"Haneul!2026rood")


async def test_they_can_be_fetched_again_until_their_hour_and_no_longer(
    place: LocalTelegram, gildong: Customer
) -> None:
    first = await gildong.reissues(GILDONG)
    await gildong.taps("button.received")
    await gildong.sees("card.closed")
    before = gildong.newest

    await gildong.taps("button.files")
    await gildong.reads("files.caption.zip", after=before)
    await gildong.reads("files.caption.p12", after=before)
    again = {each.document.name: each.document.content for each in gildong.person.messages if each.document}
    assert again == first

    before = gildong.newest
    await gildong.says("/mycert")
    mine = await gildong.reads("mycert.title", after=before)
    await gildong.person.taps(gildong.words("button.files"), mine)
    await gildong.reads("files.caption.p12", after=before)
    assert await place.rows("SELECT COUNT(*) FROM keeps") == [(2,)]

    await place.later(timedelta(hours=25))
    assert await place.rows("SELECT COUNT(*) FROM keeps") == [(0,)]
    await gildong.taps("button.files")
    await gildong.sees("files.lapsed")
    before = gildong.newest
    await gildong.says("/mycert")
    mine = await gildong.reads("mycert.title", after=before)
    assert not mine.keyboard


async def test_they_lapse_while_the_house_is_closed_as_well(place: LocalTelegram, gildong: Customer) -> None:
    await gildong.reissues(GILDONG)

    await place.restarts(after=timedelta(hours=30))
    await place.quiet()

    assert await place.rows("SELECT COUNT(*) FROM keeps") == [(0,)]
    await gildong.taps("button.files")
    await gildong.sees("files.lapsed")


async def test_nobody_else_gets_them(place: LocalTelegram, gildong: Customer, an: Customer) -> None:
    await gildong.reissues(GILDONG)
    await an.person.starts()
    card = await an.sees("card.idle")

    for data in ("0.files", "1.received", "0.mycert"):
        await an.person.presses_raw(data, card)

    await an.sees("mycert.none")
    await an.sees("files.none")
    await place.quiet()
    assert not an.files()


@pytest.mark.parametrize("device", ["windows", "mac", "android", "iphone", "usb"])
async def test_how_to_install_them_is_said_by_device(gildong: Customer, device: str) -> None:
    await gildong.person.starts()
    card = await gildong.sees("card.idle")
    await gildong.person.presses_raw("0.install", card)
    await gildong.taps(f"install.device.{device}")
    await gildong.sees(f"install.{device}")


async def test_a_second_reissue_replaces_the_first(place: LocalTelegram, gildong: Customer) -> None:
    first = await gildong.reissues(GILDONG)
    await gildong.taps("button.received")
    await gildong.sees("card.closed")

    await gildong.taps("button.start")
    await gildong.tells_why()
    await gildong.fills_in(GILDONG)
    await gildong.proves(GILDONG)
    await gildong.taps("button.submit")
    await gildong.reads("enrolled.password")
    before = gildong.newest
    await gildong.says(PASSWORD)
    await gildong.reads("card.issued", after=before)

    assert gildong.files()["npki.zip"] != first["npki.zip"]
    statuses = [each.status.value for each in place.authority.certificates(GILDONG.customer_id)]
    assert statuses == ["revoked", "revoked", "good"]
