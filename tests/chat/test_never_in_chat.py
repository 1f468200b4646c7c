"""What nobody should send: deleted from the chat, explained, and stored nowhere."""

import pytest

from tests.support import leaks
from tests.support.local_telegram import PASSWORD, Customer, LocalTelegram

#: What somebody might send, the secret in it, and its name.
SENT = {
    "resident_number": ("제 주민번호는 800521-1234567 이에요", "800521-1234567"),
    "resident_number alone": ("8005211234567", "8005211234567"),
    "account_pin": ("계좌 비밀번호 4829입니다", "계좌 비밀번호 4829"),
    "otp_or_card": ("보안카드 12번은 4821이에요", "보안카드 12번은 4821"),
    "otp_or_card otp": ("OTP 번호 739 204", "739 204"),
    "old_password": ("예전 인증서 비밀번호: Gogumah!2019zz", "Gogumah!2019zz"),
    "private_key": ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIFHDBOBgkq", "MIIFHDBOBgkq"),
}
ENGLISH = {
    "resident_number": ("my number is 950809-5567890", "950809-5567890"),
    "account_pin": ("account password is 7391", "account password is 7391"),
    "otp_or_card": ("security card 7: 5523", "security card 7: 5523"),
    "old_password": ("the old password was Sweetpotato#19", "Sweetpotato#19"),
}


async def is_gone(place: LocalTelegram, customer: Customer, kind: str, secret: str) -> None:
    """Deleted with an explanation, and not stored anywhere."""
    await customer.sees(f"forbidden.{kind.partition(' ')[0]}")
    await customer.sees("forbidden.deleted")
    await place.quiet()
    assert not [each for each in customer.person.messages if secret in each.text]
    assert not leaks.found_under(place.settings.storage.data_dir, [secret])


@pytest.mark.parametrize("kind", SENT)
async def test_at_the_very_start(place: LocalTelegram, gildong: Customer, kind: str) -> None:
    await gildong.person.starts()
    text, secret = SENT[kind]

    await gildong.says(text)

    await is_gone(place, gildong, kind, secret)


async def test_in_the_middle_of_the_form_which_goes_on(place: LocalTelegram, gildong: Customer) -> None:
    await gildong.triage()
    begin = "name"
    steps = ("name", "birth", "phone", "account", "id_issued_on", "via")
    for step, (kind, (text, secret)) in zip(steps, SENT.items(), strict=False):
        await gildong.fills_in(gildong.record, begin=begin, until=step)
        await gildong.says(text)
        await is_gone(place, gildong, kind, secret)
        begin = step
    await gildong.fills_in(gildong.record, begin=begin)
    await gildong.sees("proof.sent.sms")
    await gildong.says("주민번호 8005211234567 인데요")
    await is_gone(place, gildong, "resident_number", "8005211234567")
    await gildong.proves(gildong.record)


@pytest.mark.parametrize("kind", ENGLISH)
async def test_in_english(place: LocalTelegram, an: Customer, kind: str) -> None:
    await an.triage()
    text, secret = ENGLISH[kind]

    await an.says(text)

    await is_gone(place, an, kind, secret)


FILES = [
    ("signPri.key", "application/octet-stream", "private_key_file"),
    ("certificate.p12", "application/x-pkcs12", "private_key_file"),
    ("backup.PFX", "application/octet-stream", "private_key_file"),
    ("idcard.jpg", "image/jpeg", "id_photo"),
    ("scan.heic", "application/octet-stream", "id_photo"),
]


@pytest.mark.parametrize(("name", "mime", "kind"), FILES)
async def test_key_files_and_photographs_sent_as_files(
    place: LocalTelegram, gildong: Customer, name: str, mime: str, kind: str
) -> None:
    await gildong.triage()

    sent = await gildong.person.sends_document(name, b"\x30\x82 whatever", mime, caption="비번 Gogumah!2019zz")

    await is_gone(place, gildong, kind, "Gogumah!2019zz")
    assert sent.message_id not in [each.message_id for each in gildong.person.messages]
    assert place.messenger.stats.calls["getFile"] == 0
    await gildong.fills_in(gildong.record)
    await gildong.sees("proof.sent.sms")


async def test_a_photograph(place: LocalTelegram, gildong: Customer) -> None:
    await gildong.triage()

    sent = await gildong.person.sends_photo(b"\xff\xd8\xff", caption="신분증 800521-1234567")

    await is_gone(place, gildong, "id_photo", "800521-1234567")
    assert sent.message_id not in [each.message_id for each in gildong.person.messages]


@pytest.mark.parametrize(("name", "mime"), [("key.zip", "application/zip"), ("memo.txt", "text/plain"), ("", "")])
async def test_any_other_file_is_taken_out_of_the_chat_as_well(
    place: LocalTelegram, gildong: Customer, name: str, mime: str
) -> None:
    await gildong.triage()

    sent = await gildong.person.sends_document(name, b"PK", mime)

    await gildong.sees("error.file_not_asked")
    await place.quiet()
    assert sent.message_id not in [each.message_id for each in gildong.person.messages]


@pytest.mark.parametrize("password", ["Haneul!2026road?", "what#Is2026this?", "어떻게Haneul!2026?"])
async def test_a_password_with_a_question_mark_does_not_stay_as_a_question(
    place: LocalTelegram, gildong: Customer, password: str
) -> None:
    await gildong.applies(gildong.record)
    await gildong.taps("button.submit")
    await gildong.sees("enrolled.password")

    await gildong.says(password)

    await gildong.sees("card.issued" if password.isascii() else "error.password_ascii")
    await place.quiet()
    assert not [each for each in gildong.person.messages if password in each.text]
    assert not leaks.found_under(place.settings.storage.data_dir, [password])


async def test_a_password_typed_twice_is_taken_out_twice(place: LocalTelegram, gildong: Customer) -> None:
    await gildong.applies(gildong.record)
    await gildong.taps("button.submit")
    await gildong.sees("enrolled.password")

    await gildong.says(PASSWORD)
    await gildong.says(PASSWORD)
    await gildong.sees("card.issued")
    await gildong.says(PASSWORD)

    await place.quiet()
    assert not [each for each in gildong.person.messages if PASSWORD in each.text]


async def test_an_answer_with_a_question_mark_is_an_answer(gildong: Customer) -> None:
    await gildong.triage()
    await gildong.fills_in(gildong.record, until="account")

    await gildong.says("12345678901234 맞나요?")

    await gildong.sees("reissue.ask.id_type")
    assert not [each for each in gildong.person.messages if "12345678901234" in each.text]
