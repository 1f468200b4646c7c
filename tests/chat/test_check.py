"""The certificate check: a file is sent at any time, read, deleted from the chat, and its contents are shown."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

import ca
from handlers.local.wire.faults import Faults
from tests.support import leaks
from tests.support.certificates import EVIL, HOLDER, KEY, der, issuer
from tests.support.customers import GILDONG
from tests.support.local_telegram import Customer, LocalTelegram

BINARY = "application/octet-stream"
NAME = HOLDER.partition("(")[0]


async def sends(customer: Customer, content: bytes, name: str = "signCert.der") -> int:
    sent = await customer.person.sends_document(name, content, BINARY)
    return sent.message_id


def old(place: LocalTelegram, customer: Customer) -> ca.Record:
    record = place.authority.record(place.serials[customer.record.customer_id])
    assert record is not None
    return record


def is_gone(customer: Customer, message_id: int) -> bool:
    return message_id not in [each.message_id for each in customer.person.messages]


async def nothing_is_left(place: LocalTelegram, customer: Customer, message_id: int) -> None:
    await place.quiet()
    assert is_gone(customer, message_id)
    assert await place.rows("SELECT COUNT(*) FROM jobs WHERE sealed IS NOT NULL AND state <> 'pending'") == [(0,)]
    assert not leaks.found_under(place.settings.storage.data_dir, [NAME, EVIL])
    assert not [text for text in customer.texts() if NAME in text or EVIL in text]


# --- a certificate of our authority ---


async def test_a_good_one_leads_to_the_reissue(place: LocalTelegram, anybody: Customer) -> None:
    await anybody.person.starts()
    sent = await sends(anybody, old(place, anybody).der)

    answer = await anybody.sees("check.title")
    for key in ("check.issuer.ours", "check.scope.finance", "mycert.status.good", "check.reissue"):
        assert anybody.words(key) in answer.text
    assert "199" in answer.text or "200" in answer.text
    assert anybody.record.name not in answer.text
    await nothing_is_left(place, anybody, sent)
    await anybody.person.taps(anybody.words("button.start"), answer)
    await anybody.tells_why()
    await anybody.sees("reissue.ask.name")


def revoked(place: LocalTelegram, serial: int) -> None:
    place.authority.revoke(serial, ca.Reason.KEY_COMPROMISE, "test")


def held(place: LocalTelegram, serial: int) -> None:
    place.authority.hold(serial, "test")


def expiring(place: LocalTelegram, _serial: int) -> None:
    place.clock.ahead += timedelta(days=180)


def expired(place: LocalTelegram, _serial: int) -> None:
    place.clock.ahead += timedelta(days=210)


@pytest.mark.parametrize(
    ("happens", "status", "ending"),
    [
        (revoked, "revoked", "new"),
        (held, "hold", "restore"),
        (expired, "expired", "new"),
        (expiring, "good", "renew"),
    ],
)
async def test_one_that_is_not_reissued(
    place: LocalTelegram,
    anybody: Customer,
    happens: Callable[[LocalTelegram, int], None],
    status: str,
    ending: str,
) -> None:
    await anybody.person.starts()
    await anybody.sees("card.idle")
    happens(place, old(place, anybody).serial)

    sent = await sends(anybody, old(place, anybody).der)

    answer = await anybody.sees(f"reissue.ending.{ending}")
    assert anybody.words(f"mycert.status.{status}") in answer.text
    assert anybody.words("button.start") not in [each.text for row in answer.keyboard for each in row]
    await nothing_is_left(place, anybody, sent)
    await anybody.person.taps(anybody.words("button.more"), answer)
    await anybody.sees("faq.answer")


async def test_one_that_was_replaced_here_is_the_old_one(place: LocalTelegram, gildong: Customer) -> None:
    await gildong.reissues(GILDONG)

    await sends(gildong, old(place, gildong).der)

    await gildong.sees("check.replaced")


async def test_a_forged_one_with_a_serial_of_ours_is_not_ours(place: LocalTelegram, anybody: Customer) -> None:
    record = old(place, anybody)
    name = x509.load_der_x509_certificate(record.der).issuer
    place.authority.revoke(record.serial, ca.Reason.KEY_COMPROMISE, "test")

    await sends(anybody, der(name=name, serial=record.serial))

    answer = await anybody.sees("check.unknown")
    assert anybody.words("mycert.status.revoked") not in answer.text


# --- a certificate of another authority ---


async def test_one_of_another_authority(place: LocalTelegram, anybody: Customer) -> None:
    sent = await sends(anybody, der())

    answer = await anybody.sees("check.foreign")
    for key in ("check.issuer.yessign", "check.scope.finance"):
        assert anybody.words(key) in answer.text
    await nothing_is_left(place, anybody, sent)


async def test_two_at_once_are_two_answers(place: LocalTelegram, anybody: Customer) -> None:
    await anybody.person.starts()
    first = await sends(anybody, der())
    second = await sends(anybody, der(organization="KICA", policy="1.2.410.200004.5.2.1.1"), "b.CER")

    await anybody.sees("check.issuer.kica")
    await anybody.sees("check.issuer.yessign")
    await nothing_is_left(place, anybody, first)
    assert is_gone(anybody, second)
    assert sum(anybody.pattern("check.title").search(text) is not None for text in anybody.texts()) == 2


async def test_every_update_twice_is_one_answer(place: LocalTelegram, gildong: Customer) -> None:
    place.messenger.faults.duplicate = 1.0
    await sends(gildong, der())

    await gildong.sees("check.title")
    await place.quiet()
    assert sum(gildong.pattern("check.title").search(text) is not None for text in gildong.texts()) == 1


# --- no certificate ---


@pytest.mark.parametrize(
    "content", [b"", b"hello", b"PK\x03\x04 a zip", b"\x30" * 900, der()[:-5], b"-----BEGIN CERTIFICATE-----"]
)
async def test_what_is_no_certificate(place: LocalTelegram, anybody: Customer, content: bytes) -> None:
    sent = await sends(anybody, content)

    await anybody.sees("error.file_no_certificate")
    await nothing_is_left(place, anybody, sent)
    await sends(anybody, der())
    await anybody.sees("check.title")


PEM_KEY = KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


@pytest.mark.parametrize(
    "content",
    [
        KEY.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        PEM_KEY,
        x509.load_der_x509_certificate(der()).public_bytes(Encoding.PEM) + PEM_KEY,
        b"PK\x03\x04 NPKI/yessign/USER/signPri.key",
    ],
    ids=["der", "pem", "certificate and key", "zip"],
)
async def test_a_key_under_a_certificates_name_is_refused_by_its_bytes(
    place: LocalTelegram, anybody: Customer, content: bytes
) -> None:
    sent = await sends(anybody, content, "signCert.pem")

    await anybody.sees("forbidden.private_key_file")
    await anybody.sees("forbidden.deleted")
    await nothing_is_left(place, anybody, sent)


async def test_a_photograph_under_a_certificates_name_is_one(place: LocalTelegram, anybody: Customer) -> None:
    sent = await sends(anybody, b"\xff\xd8\xff\xe0 a face")

    await anybody.sees("forbidden.id_photo")
    await nothing_is_left(place, anybody, sent)


async def test_one_that_is_too_big_is_not_fetched(place: LocalTelegram, anybody: Customer) -> None:
    sent = await sends(anybody, der() + bytes(16 * 1024))

    await anybody.sees("error.file_too_big")
    await place.quiet()
    assert is_gone(anybody, sent)
    assert place.messenger.stats.calls["getFile"] == 0


@pytest.mark.parametrize("told", [{}, {"file_size": 900}])
async def test_one_that_says_that_it_is_small_is_not_read(
    place: LocalTelegram, anybody: Customer, told: dict[str, int]
) -> None:
    stored = place.messenger.state.files.add("signCert.der", BINARY, bytes(40_000))
    document = {name: value for name, value in stored.document().items() if name != "file_size"}
    sent = await anybody.person.sends({"document": {**document, **told}})

    await anybody.sees("error.file_too_big")
    await place.quiet()
    assert is_gone(anybody, sent.message_id)


async def test_one_that_is_gone_at_the_server(place: LocalTelegram, anybody: Customer) -> None:
    gone = {"file_id": "LOCAL0", "file_unique_id": "x", "file_name": "signCert.der", "file_size": 900}
    sent = await anybody.person.sends({"document": gone})

    await anybody.sees("error.file_gone")
    await nothing_is_left(place, anybody, sent.message_id)
    await sends(anybody, der())
    await anybody.sees("check.title")


# --- network faults, and the form ---


def refusing(faults: Faults) -> None:
    faults.refuse = 1.0


def storming(faults: Faults) -> None:
    faults.storm, faults.storm_seconds = 1.0, 40


@pytest.mark.parametrize("begins", [refusing, storming])
async def test_bad_weather_is_waited_for(
    place: LocalTelegram, gildong: Customer, begins: Callable[[Faults], None]
) -> None:
    await gildong.person.starts()
    await gildong.sees("card.idle")
    begins(place.messenger.faults)
    place.messenger.faults.methods = frozenset({"getFile"})
    sent = await sends(gildong, der())
    await place.until(lambda: place.messenger.stats.calls["getFile"] > 0)
    await place.quiet()
    assert not is_gone(gildong, sent)
    place.messenger.faults.clear()

    await place.later(timedelta(seconds=41))

    await gildong.sees("check.title")
    await nothing_is_left(place, gildong, sent)


async def test_it_is_as_patient_as_it_is_told_to_be(place: LocalTelegram, gildong: Customer) -> None:
    storming(place.messenger.faults)
    place.messenger.faults.methods = frozenset({"getFile"})
    await sends(gildong, der())
    await place.until(lambda: place.messenger.stats.calls["getFile"] > 0)
    await place.quiet()

    await place.later(timedelta(seconds=35))

    assert place.messenger.stats.calls["getFile"] == 1
    place.messenger.faults.clear()
    await place.later(timedelta(seconds=6))
    await gildong.sees("check.title")


async def test_weather_that_stays_bad_is_owned_up_to(place: LocalTelegram, gildong: Customer) -> None:
    await gildong.person.starts()
    await gildong.sees("card.idle")
    refusing(place.messenger.faults)
    place.messenger.faults.methods = frozenset({"getFile"})
    sent = await sends(gildong, der())
    for _ in range(6):
        await place.later(timedelta(seconds=61))

    await gildong.sees("error.file_gone")
    await nothing_is_left(place, gildong, sent)
    assert not place.staff.shows("staff.job")


async def test_it_is_read_after_a_restart(place: LocalTelegram, gildong: Customer) -> None:
    refusing(place.messenger.faults)
    place.messenger.faults.methods = frozenset({"getFile"})
    sent = await sends(gildong, der())
    await place.until(lambda: place.messenger.stats.calls["getFile"] > 0)
    place.messenger.faults.clear()

    await place.restarts(after=timedelta(minutes=2))

    await gildong.sees("check.title")
    await nothing_is_left(place, gildong, sent)


async def test_in_the_middle_of_the_form_which_goes_on_below_the_answer(
    place: LocalTelegram, anybody: Customer
) -> None:
    await anybody.triage()
    begin = "name"
    for step in ("birth", "account", "via"):
        await anybody.fills_in(anybody.record, begin=begin, until=step)
        before = anybody.newest
        sent = await sends(anybody, old(place, anybody).der)
        answer = await anybody.reads("check.title", after=before)
        assert anybody.words("button.start") not in [each.text for row in answer.keyboard for each in row]
        await anybody.reads(f"reissue.ask.{step}", after=answer.message_id)
        await nothing_is_left(place, anybody, sent)
        begin = step
    await anybody.fills_in(anybody.record, begin=begin)
    await anybody.proves(anybody.record)


async def test_while_the_password_is_awaited_and_the_certificate_is_made_all_the_same(
    place: LocalTelegram, gildong: Customer
) -> None:
    await gildong.applies(GILDONG)
    await gildong.taps("button.submit")
    await gildong.sees("enrolled.password")

    await sends(gildong, b"nothing")
    await gildong.sees("error.file_no_certificate")
    await sends(gildong, der(name=issuer("somebody")))
    await gildong.sees("check.issuer.other")

    await gildong.says("Haneul!2026road")
    await gildong.sees("card.issued", patience=30)


async def test_the_command_says_which_file_and_which_never(anybody: Customer) -> None:
    await anybody.says("/check")

    answer = await anybody.sees("check.how")
    assert "signCert.der" in answer.text
    assert "signPri.key" in answer.text
