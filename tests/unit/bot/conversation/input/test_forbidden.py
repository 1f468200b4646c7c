"""What is never taken, and what only looks like it. Every number here is made up."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.input import parse
from bot.conversation.input.forbidden import Kind, recognise

TODAY = date(2026, 3, 15)


@pytest.mark.parametrize(
    "text",
    [
        "800101-1234567",
        "8001011234567",
        "800101 1234567",
        "800101 - 1234567",
        "８００１０１－１２３４５６７",
        "800101\u20131234567",
        "800101\u200b-1234567",
        "제 주민번호는 991231-2345678입니다",
        "홍길동 050101-3234567 010-1234-5678",
        "900229-1234567 말고 920229-1234567",
        "외국인등록번호 850505-5123456",
        "120315-7123456",
        "주민번호:8001011234567",
    ],
)
@pytest.mark.parametrize("expecting", [None, "name", "birth", "phone", "code"])
def test_a_resident_number_is_never_taken(text: str, expecting: str | None) -> None:
    assert recognise(text, expecting) == "resident_number"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("800101-1234567", "resident_number"),  # no bank groups six and seven
        ("800101 1234567", "resident_number"),
        ("8001011234560", "resident_number"),  # a day that exists, and the right check digit
        ("8001011234567", None),  # the wrong one
        ("8013011234560", None),  # no such month
        ("3333-01-1234567", None),
        ("1002-281-678901", None),
        ("3333011234567", None),
        ("123-456789-01-234", None),
        ("12345678901234", None),
        ("110-123-456789", None),
        ("0101234567890", None),
    ],
)
def test_thirteen_digits_where_an_account_was_asked_for(text: str, expected: Kind | None) -> None:
    assert recognise(text, "account") == expected


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("보안카드 12 34", "otp_or_card"),
        ("보안카드 35번 12", "otp_or_card"),
        ("보안카드 앞 두자리 12, 뒤 34입니다", "otp_or_card"),
        ("시큐리티 카드 1234", "otp_or_card"),
        ("security card: 1234", "otp_or_card"),
        ("OTP 123456", "otp_or_card"),
        ("otp번호는 123 456", "otp_or_card"),
        ("오티피 123-456이요", "otp_or_card"),
        ("123456 OTP예요", "otp_or_card"),
        ("계좌 비밀번호 1234", "account_pin"),
        ("계좌비번은 1234예요", "account_pin"),
        ("통장 비밀번호: 12345678", "account_pin"),
        ("카드 비밀번호 4821", "account_pin"),
        ("1234 계좌 비밀번호", "account_pin"),
        ("my PIN is 1234", "account_pin"),
        ("account password 9876", "account_pin"),
        ("인증서 비밀번호는 abcd1234!@", "old_password"),
        ("공동인증서 비번 qwer!234", "old_password"),
        ('비밀번호는 "hunter22"예요', "old_password"),
        ("abcd1234!이 제 비밀번호예요", "old_password"),
        ("my password is hunter2", "old_password"),
        ("password: correcthorse", "old_password"),
        ("비밀번호=correcthorse", "old_password"),
        ("암호 1q2w3e4r!", "old_password"),
        ("비밀번호 1234", "old_password"),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIF", "private_key"),
    ],
)
def test_a_secret_beside_its_word(text: str, kind: Kind) -> None:
    assert recognise(text) == kind


@pytest.mark.parametrize(
    "text",
    [
        "인증서 비밀번호를 잊어버렸어요",
        "비밀번호는 어떻게 만드나요?",
        "비밀번호 5회 틀렸어요",
        "비밀번호 10자리 이상이어야 하나요?",
        "비밀번호 2024년에 바꿨어요",
        "비밀번호가 기억 안나요 1588-2588로 전화하면 되나요",
        "비밀번호 찾기: https://bank.example/help?id=3",
        "비밀번호",
        "password is required",
        "What is a password?",
        "I forgot my password, and it expired on 2026-01-31",
        "계좌 비밀번호 4자리가 뭔가요",
        "계좌 비밀번호 오류 2024년 3월",
        "OTP 6자리 번호가 뭐예요?",
        "OTP 분실 신고 1566-2566",
        "OTP 기기를 2023-05-01에 받았어요",
        "보안카드 30개 중 20번이 안 보여요",
        "보안카드 재발급 1588-2588",
        "보안카드 잃어버렸어요 010-1234-5678로 연락 주세요",
        "인증서 만료일 2026-03-31, 비밀번호 분실",
        "12시 30분에 전화 주세요",
        "stop 123456",
        "핀테크 2024 행사",
        "",
        "공동인증서가 뭐예요?",
    ],
)
def test_a_question_is_no_secret(text: str) -> None:
    assert recognise(text) is None


def test_what_was_asked_for_is_taken() -> None:
    assert recognise("OTP 123456", "code") is None
    assert recognise("보안카드 12 34", "code") == "otp_or_card"
    assert recognise("비밀번호는 Zk3#mvPq9w", "password") is None
    assert recognise("계좌 비밀번호 1234", "password") == "account_pin"


@pytest.mark.parametrize(
    ("text", "expecting"),
    [
        ("010-1234-5678", "phone"),
        ("01012345678", "phone"),
        ("+82 10 1234 5678", "phone"),
        ("1980-01-01", "birth"),
        ("800101", "birth"),
        ("1980년 1월 1일", "birth"),
        ("123456", "code"),
        ("홍길동", "name"),
        ("2024년 3월 1일이요", "id_issued_on"),
    ],
)
def test_the_forms_own_answers_pass(text: str, expecting: str) -> None:
    assert recognise(text, expecting) is None
    assert recognise(text) is None


@given(st.from_regex(r"01[016789]-?[0-9]{3,4}-?[0-9]{4}", fullmatch=True))
def test_no_phone_number_is_refused(text: str) -> None:
    assert recognise(text, "phone") is None


@given(
    st.dates(date(1900, 1, 1), date(2035, 1, 1)),
    st.sampled_from(["%Y-%m-%d", "%y%m%d", "%Y%m%d", "%Y. %m. %d."]),
)
def test_no_day_is_refused(day: date, form: str) -> None:
    assert recognise(day.strftime(form), "birth") is None


@given(st.from_regex(r"[0-9]{10,12}|[0-9]{14}", fullmatch=True))
def test_no_account_of_another_length_is_refused(digits: str) -> None:
    assert recognise(digits) is None
    assert recognise(digits, "account") is None


@given(
    st.from_regex(r"[0-9]{3}-[0-9]{6}-[0-9]{2}-[0-9]{3}|[0-9]{4}-[0-9]{2}-[0-9]{7}|[0-9]{3}-[0-9]{4}-[0-9]{4}-[0-9]{2}")
)
def test_no_account_with_its_hyphens_is_refused(text: str) -> None:
    assert recognise(text.strip(), "account") is None


@given(
    st.dates(date(1930, 1, 1), date(2025, 12, 31)),
    st.integers(0, 999_999),
    st.sampled_from(["-", "", " ", " - "]),
)
def test_every_resident_number_is_found(born: date, rest: int, between: str) -> None:
    kinds = "1256" if born.year < 2000 else "3478"
    text = f"{born:%y%m%d}{between}{kinds[rest % 4]}{rest:06d}"
    assert recognise(f"번호는 {text}예요") == "resident_number"
    if between:
        assert recognise(text, "account") == "resident_number"


@given(st.text(max_size=300), st.sampled_from([None, "account", "code", "password"]))
def test_no_text_breaks_it(text: str, expecting: str | None) -> None:
    recognise(text, expecting)


@given(st.text(st.sampled_from("0123456789-+ .년월일"), max_size=24))
def test_a_resident_number_is_hardly_ever_an_answer(text: str) -> None:
    """Were it not recognised, the parsers would still refuse it, save an account of 13 digits."""
    if recognise(text) == "resident_number":
        for parser in (parse.name, parse.birth_date, parse.mobile, parse.past_date, parse.expiry_date):
            assert isinstance(parser(text, TODAY), parse.Refused)
