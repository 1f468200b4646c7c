"""Dates and numbers as customers type them. Today is 15 March 2026."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.input.parse import (
    Parser,
    Refused,
    account,
    age,
    birth_date,
    code,
    expiry_date,
    mobile,
    past_date,
    plain,
)

TODAY = date(2026, 3, 15)


@pytest.mark.parametrize(
    "typed",
    [
        "19800101", "800101", "1980-01-01", "1980-1-1", "1980.1.1", "1980.1.1.", "1980. 1. 1.",
        "1980/01/01", "1980 1 1",
        "80-1-1", "80.01.01", "1980년 1월 1일", "1980년1월1일", "80년 1월 1일", "1980년 1월 1일이요",
        "1980년 1월 1일생입니다",
        "생년월일은 1980년 1월 1일이에요", "１９８００１０１", "１９８０．１．１", "1980\u20131\u20131",
        "1980\u200b0101", " 19800101 ", "\n1980-01-01\n", "Jan 1, 1980", "1 January 1980",
        "January 1st 1980", "my birthday: 1980/1/1",
        "١٩٨٠-٠١-٠١", "1980年1月1日", "1980年01月01日出生", "ngày 1 tháng 1 năm 1980", "1 thang 1 nam 1980",
        "01/01/1980", "1.1.1980",
    ],
)  # fmt: skip
def test_a_birth_date_is_read(typed: str) -> None:
    assert birth_date(typed, TODAY) == "1980-01-01"


@pytest.mark.parametrize("typed", ["21/05/1980", "05/21/1980", "21-5-1980", "21 tháng 5 năm 1980", "21 tháng 5, 1980"])
def test_the_day_may_come_first_where_it_can_be_no_month(typed: str) -> None:
    assert birth_date(typed, TODAY) == "1980-05-21"


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("050101", "2005-01-01"),
        ("120315", "2012-03-15"),  # fourteen today
        ("120316", "1912-03-16"),  # fourteen tomorrow: nobody younger asks, so the century before
        ("260101", "1926-01-01"),
        ("000229", "2000-02-29"),
        ("040229", "2004-02-29"),
        ("19060316", "1906-03-16"),
    ],
)
def test_a_short_year_is_the_latest_that_can_be(typed: str, read: str) -> None:
    assert birth_date(typed, TODAY) == read


@pytest.mark.parametrize(
    ("typed", "error"),
    [
        ("", "birth_format"),
        ("홍길동", "birth_format"),
        ("1980", "birth_format"),
        ("1980-01", "birth_format"),
        ("1980101", "birth_format"),
        ("198001011", "birth_format"),
        ("01/02/1980", "birth_format"),
        ("800101-1234567", "birth_format"),
        ("1980-01-01 1981-01-01", "birth_format"),
        ("1980-01-01이 아니에요", "birth_format"),
        ("1980-01-01 010-1234-5678", "birth_format"),
        ("1980-01-01" + " " * 300, "birth_format"),
        ("13/14/1980", "birth_impossible"),
        ("1 tháng 13 năm 1980", "birth_impossible"),
        ("19801301", "birth_impossible"),
        ("19800230", "birth_impossible"),
        ("1981-02-29", "birth_impossible"),
        ("810229", "birth_impossible"),
        ("0000-01-01", "birth_impossible"),
        ("2027-01-01", "birth_range"),
        ("2026-03-16", "birth_range"),
        ("2012-03-16", "birth_range"),
        ("1905-03-15", "birth_range"),
    ],
)
def test_what_is_no_birth_date_says_why(typed: str, error: str) -> None:
    assert birth_date(typed, TODAY) == Refused(error)


@pytest.mark.parametrize(
    ("parser", "typed", "read"),
    [
        (past_date, "2024년 3월 1일이요", "2024-03-01"),
        (past_date, "24.3.1", "2024-03-01"),
        (past_date, "26.03.15", "2026-03-15"),
        (past_date, "990301", "1999-03-01"),
        (past_date, "2026-03-15", "2026-03-15"),
        (past_date, "1966-03-15", "1966-03-15"),
        (past_date, "발급일자: 2019.05.02.", "2019-05-02"),
        (past_date, "2026-03-16", Refused("date_future")),
        (past_date, "1966-03-14", Refused("date_range")),
        (past_date, "2024-02-30", Refused("date_format")),
        (past_date, "어제", Refused("date_format")),
        (expiry_date, "2026-12-31", "2026-12-31"),
        (expiry_date, "26.12.31", "2026-12-31"),
        (expiry_date, "30/12/31", "2030-12-31"),
        (expiry_date, "2031-03-15", "2031-03-15"),
        (expiry_date, "2021-03-15", "2021-03-15"),
        (expiry_date, "2031-03-16", Refused("date_range")),
        (expiry_date, "2021-03-14", Refused("date_range")),
        (expiry_date, "2026-02-29", Refused("date_format")),
        (expiry_date, "모름", Refused("date_format")),
    ],
)
def test_the_other_days(parser: Parser, typed: str, read: str | Refused) -> None:
    assert parser(typed, TODAY) == read


def test_today_may_be_a_leap_day() -> None:
    leap = date(2028, 2, 29)
    assert expiry_date("2033-02-28", leap) == "2033-02-28"
    assert expiry_date("2033-03-01", leap) == Refused("date_range")
    assert past_date("1968-02-29", leap) == "1968-02-29"
    assert birth_date("2014-02-28", leap) == "2014-02-28"
    assert birth_date("2014-03-01", leap) == Refused("birth_range")


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("010-1234-5678", "01012345678"),
        ("01012345678", "01012345678"),
        ("010 1234 5678", "01012345678"),
        ("010.1234.5678", "01012345678"),
        ("(010) 1234-5678", "01012345678"),
        ("０１０－１２３４－５６７８", "01012345678"),
        ("010\u20131234\u20135678", "01012345678"),
        ("+82 10-1234-5678", "01012345678"),
        ("+82 010 1234 5678", "01012345678"),
        ("+82 (0)10 1234 5678", "01012345678"),
        ("0082 10 1234 5678", "01012345678"),
        ("821012345678", "01012345678"),
        ("제 번호는 010-1234-5678이에요", "01012345678"),
        ("011-123-4567", "0111234567"),
        ("019 1234 5678", "01912345678"),
        *((wrong, None) for wrong in (
            "", "010", "0101234567", "010123456789", "02-123-4567", "+1 415 555 0100", "+81 90 1234 5678",
            "1588-2588",
            "012-1234-5678", "010-1234-5678 / 010-8765-4321", "010-1234-5678 아니에요", "010-1234-567a",
            "+82 2 123 4567",
        )),
    ],
)  # fmt: skip
def test_a_mobile_number(typed: str, read: str | None) -> None:
    assert mobile(typed, TODAY) == (read or Refused("mobile_format"))


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("123-456789-01-234", "12345678901234"),
        ("1234567890", "1234567890"),
        ("１２３－４５６－７８９０", "1234567890"),
        ("110 123 456789", "110123456789"),
        ("계좌는 110-123-456789 입니다", "110123456789"),
        ("01012345678", "01012345678"),  # some banks let a phone number stand for an account
        *(
            (wrong, None)
            for wrong in (
                "",
                "123456789",
                "123456789012345",
                "+1234567890",
                "1234567890 2345678901a",
                "열자리",
            )
        ),
    ],
)
def test_an_account(typed: str, read: str | None) -> None:
    assert account(typed, TODAY) == (read or Refused("account_format"))


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("123456", "123456"),
        ("012345", "012345"),
        ("123 456", "123456"),
        ("123-456", "123456"),
        ("１２３４５６", "123456"),
        ("인증번호는 123456이에요", "123456"),
        ("[인증서 재발급] 인증번호 123456 (3분). 누구에게도 알려주지 마세요.", "123456"),
        ("[Reissue] Code 123456 (3 min). Never tell it to anyone.", "123456"),
        ("Your code is 123456. It is good for 3 minutes.", "123456"),
        ("[은행] 인증번호 [123456]를 3분 안에 입력하세요", "123456"),
        *((wrong, None) for wrong in ("", "12345", "1234567", "123456/654321", "일이삼", "123456은 아니고")),
    ],
)
def test_a_code(typed: str, read: str | None) -> None:
    assert code(typed, TODAY) == (read or Refused("code_format"))


PARSERS = st.sampled_from([birth_date, past_date, expiry_date, mobile, account, code])
SHAPES = {birth_date: 10, past_date: 10, expiry_date: 10, code: 6}


@given(PARSERS, st.text(max_size=250) | st.text(st.sampled_from("0123456789-+. /()년월일"), max_size=30))
def test_no_text_breaks_a_parser_and_what_it_takes_is_canonical(parser: Parser, text: str) -> None:
    read = parser(text, TODAY)
    if isinstance(read, Refused):
        return
    assert read.isascii()
    assert len(read) == SHAPES.get(parser, len(read))
    assert parser(read, TODAY) == read


@given(
    st.dates(date(1906, 3, 16), date(2012, 3, 15)),
    st.sampled_from(
        [
            "%Y%m%d",
            "%Y-%m-%d",
            "%Y.%m.%d.",
            "%Y년 %m월 %d일",
            "%Y년%m월%d일이요",
            "%B %d, %Y",
            "%d %b %Y",
            "%Y年%m月%d日",
            "%d tháng %m năm %Y",
        ]
    ),
)
def test_every_birth_date_is_read_in_every_form(born: date, form: str) -> None:
    assert birth_date(born.strftime(form), TODAY) == born.isoformat()


@given(st.dates(date(1900, 1, 1), date(2100, 12, 31)), st.dates(date(1900, 1, 1), date(2100, 12, 31)))
def test_age_turns_on_the_birthday(born: date, today: date) -> None:
    years = age(born, today)
    assert abs((today - born) - timedelta(days=365.25 * years)) <= timedelta(days=368)


def test_plain_text_has_one_kind_of_everything() -> None:
    assert plain("１２\u2013３\u3000٤\u200b") == "12-3 4"
