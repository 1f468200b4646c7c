"""Refusals R01–R15 and how each is mended, what may never be said in chat, and the new certificate's password."""

from datetime import timedelta

import pytest

from bot.conversation.case import Phase
from bot.conversation.events import SentFile, Tapped
from bot.conversation.input import password
from bot.conversation.input.forbidden import FileKind, Kind
from bot.conversation.refusals import REFUSALS
from tests.support.conversation import (
    CODE,
    FORM,
    PASSWORD,
    TRIAGE,
    Talk,
    at,
    code_sent,
    issued,
    read,
    refused,
    tokens,
)

CODES = sorted(REFUSALS)
#: By code: what leads on, and what the customer then does until the review.
MENDED = {
    "R01": ("김하늘",),
    "R02": ("1990-01-31",),
    "R03": ("1112223334445",),
    "R04": ("010-9999-0000",),
    "R10": (),
    "R11": ("[edit:id_type]", "[pick:passport]"),
    "R14": (),
    "R15": (),
}
FINAL = [code for code in CODES if code not in MENDED]


def test_the_table_of_refusals_is_whole() -> None:
    assert [f"R{number:02}" for number in range(1, 16)] == CODES
    assert {code for code in CODES if REFUSALS[code].field or REFUSALS[code].again} == set(MENDED)


@pytest.mark.parametrize("code", CODES)
def test_a_refusal_says_why_and_offers_what_helps(code: str) -> None:
    talk = refused(Talk().submitted(), code)
    assert talk.case.phase is Phase.REFUSED
    assert talk.told == ["notice.refused"]
    assert talk.keys == ["refusal.title", f"refusal.{code}", "status.receipt"]
    mend = ["mend"] if code in MENDED else []
    assert tokens(talk.screen) == [*mend, f"topic:{REFUSALS[code].topic}", "human", "cancel"]
    label = read(talk.screen).splitlines()[-4:]
    assert ("고쳐서 다시 신청하기" in label) is bool(REFUSALS[code].field)
    assert ("다시 신청하기" in label) is REFUSALS[code].again


@pytest.mark.parametrize("code", MENDED)
def test_what_can_be_mended_ends_in_success(code: str) -> None:
    talk = refused(Talk().submitted(), code)
    first = talk.case.request_id
    talk.does("[mend]", *MENDED[code])
    assert (talk.case.phase, talk.case.refusal) == (Phase.ASKING, None)
    talk.ends_well()
    assert talk.case.request_id != first, "a mended application is a new request"


@pytest.mark.parametrize("code", FINAL)
def test_what_cannot_be_mended_keeps_no_answers_and_a_new_start_is_open(code: str) -> None:
    talk = refused(Talk().submitted(), code)
    assert dict(talk.case.answers) == {}
    before = talk.case
    talk.happens(Tapped("mend", talk.case.revision))
    assert talk.case == before
    talk.commands("reissue")
    talk.does("[yes]", *TRIAGE, *FORM)
    talk.happens(code_sent(talk.now))
    talk.does(CODE).ends_well()


@pytest.mark.parametrize("code", ["R11", "R14"])
def test_a_refusal_with_a_time_is_mended_from_then_on(code: str) -> None:
    talk = Talk().submitted()
    refused(talk, code, talk.now + timedelta(hours=1))
    assert "refusal.retry_at" in talk.keys
    assert "2026년 11월 23일" in talk.reads()
    assert "1:00" in talk.reads()
    talk.does("[mend]")
    assert (talk.keys[0], talk.case.phase) == ("error.too_early", Phase.REFUSED)
    talk.passes(timedelta(hours=1)).does("[mend]", *MENDED[code]).ends_well()


@pytest.mark.parametrize("code", ["R10", "R14", "R15"])
def test_a_refusal_while_issuing_is_mended_too(code: str) -> None:
    talk = refused(Talk().issuing(), code)
    assert (talk.case.phase, talk.case.enrolment) == (Phase.REFUSED, None)
    talk.does("[mend]").ends_well()


def test_the_refused_field_can_be_left_as_it_was() -> None:
    talk = refused(Talk().submitted(), "R03").does("[mend]")
    assert talk.keys[-1] == "reissue.ask.account"
    talk.does("[back]")
    assert "reissue.review" in talk.keys
    talk.ends_well()


# --- what may never be taken in chat ---

SECRETS: dict[Kind, str] = {
    "resident_number": "800521-1234567",
    "otp_or_card": "보안카드 12번 34 56",
    "old_password": "인증서 비밀번호는 qwer1234! 이에요",
    "account_pin": "계좌 비밀번호 1234",
    "private_key": "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIFDjBABgkqhkiG9w0BBQ0wMzAbBgkqhkiG9w0BBQwwDgQI\n",
}


#: While a new password is asked for, a text with one is none of the old secrets.
CASES = [(phase, kind) for phase in Phase for kind in SECRETS if (phase, kind) != (Phase.ENROLLED, "old_password")]


@pytest.mark.parametrize(("phase", "kind"), CASES)
def test_a_secret_is_erased_in_every_phase_and_nothing_of_it_kept(phase: Phase, kind: Kind) -> None:
    talk = at(phase)
    before = talk.case
    talk.says(SECRETS[kind])
    assert talk.last.erase
    assert talk.told == ["forbidden.deleted", f"forbidden.{kind}"]
    assert (talk.case, talk.orders) == (before, [])
    assert SECRETS[kind] not in repr(talk.last)


@pytest.mark.parametrize("phase", list(Phase))
@pytest.mark.parametrize("kind", ["private_key_file", "id_photo", None])
def test_a_file_is_erased_in_every_phase(phase: Phase, kind: FileKind | None) -> None:
    talk = at(phase)
    before = talk.case
    talk.happens(SentFile(kind))
    assert (talk.last.erase, talk.case) == (True, before)
    assert (f"forbidden.{kind}" in talk.told) is (kind is not None)


def test_after_a_secret_the_form_goes_on() -> None:
    talk = Talk().consented().does("홍길동")
    talk.says("850521-1234567")
    assert (talk.told[-1], talk.keys[-1]) == ("forbidden.resident_number", "reissue.ask.birth")
    talk.does(*FORM[1:])
    talk.happens(code_sent(talk.now))
    talk.does(CODE).ends_well()


# --- the password ---

BAD = {
    "password_short": "Zk3#mvPq9",
    "password_long": "Zk3#mvPq9w" * 7,
    "password_ascii": "Zk3#mvPq9w가",
    "password_forbidden": "Zk3'mvPq9w#",
    "password_letters": "1357924680!@",
    "password_digits": "zkwmvpqxhr#!",
    "password_specials": "Zk3wmvPq9xh2",
    "password_weak": "Zk#1234567vP",
    "password_personal": "Zk#345678vPq",
}


def test_every_rule_of_the_password_has_an_example() -> None:
    assert set(BAD) == {key for key, _ in password._RULES} | {"password_personal"}


@pytest.mark.parametrize("error", BAD)
def test_a_bad_password_is_erased_named_and_mended(error: str) -> None:
    talk = Talk().enrolled()
    before = talk.case
    talk.says(BAD[error])
    assert (talk.keys[0], talk.last.erase, talk.case) == (f"error.{error}", True, before)
    assert talk.orders == []
    assert BAD[error] not in talk.reads()
    talk.does(PASSWORD)
    talk.happens(issued(talk.now))
    assert talk.case.phase is Phase.ISSUED


def test_a_password_with_a_question_mark_is_a_password() -> None:
    talk = Talk().enrolled()
    talk.says("Haneul?2026road", question=True)
    assert (talk.orders, talk.last.erase) == (["issue"], True)


def test_a_question_before_the_password_is_a_question() -> None:
    talk = Talk().enrolled()
    talk.says("특수문자는 뭐가 되나요?", question=True)
    assert ([aside.kind for aside in talk.last.asides], talk.last.erase) == (["question"], False)


def test_a_password_sent_twice_is_erased_twice_and_used_once() -> None:
    talk = Talk().issuing()
    talk.says(PASSWORD)
    assert (talk.orders, talk.last.erase, talk.last.asides) == ([], True, ())


def test_a_text_while_issuing_stays_only_if_it_is_a_question() -> None:
    talk = Talk().issuing()
    talk.says("얼마나 걸려요?", question=True)
    assert (talk.last.erase, [aside.kind for aside in talk.last.asides]) == (False, ["question"])
