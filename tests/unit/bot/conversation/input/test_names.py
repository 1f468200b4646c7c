"""Names as customers type them, and as attackers do."""

import unicodedata
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.input.parse import NAME_BYTES, Refused, name, name_key

TODAY = date(2026, 3, 15)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("홍길동", "홍길동"),
        ("  홍길동 ", "홍길동"),
        ("홍  길동", "홍 길동"),
        ("홍\u00a0길동", "홍 길동"),
        (unicodedata.normalize("NFD", "홍길동"), "홍길동"),
        ("남궁민수", "남궁민수"),
        ("선우용녀", "선우용녀"),
        ("Nguyễn Văn An", "Nguyễn Văn An"),
        (unicodedata.normalize("NFD", "Nguyễn Văn An"), "Nguyễn Văn An"),
        ("O\u2019Neil-Smith Jr.", "O'Neil-Smith Jr."),
        ("J. R. R. Tolkien", "J. R. R. Tolkien"),
        ("Ｎｇｕｙｅｎ\u3000Ａｎ", "Nguyen An"),
        ("李小龍", "李小龍"),
        ("たなか ゆうき", "たなか ゆうき"),
        ("Иван Петров", "Иван Петров"),
        ("अनीता देवी", "अनीता देवी"),
        ("สมชาย ใจดี", "สมชาย ใจดี"),
        ("\U00020bb7野家", "\U00020bb7野家"),
        ("가" * 13, "가" * 13),
        ("a" * 40, "a" * 40),
    ],
)
def test_a_name_is_read(typed: str, read: str) -> None:
    assert name(typed, TODAY) == read


@pytest.mark.parametrize(
    "typed",
    [
        "",
        " ",
        "김",
        "홍길동1",
        "홍길동!",
        "홍길동(주)",
        "<b>홍길동</b>",
        "*홍길동*",
        "홍길동\x00",
        "홍\n길동",
        "홍\t\u200b길동",
        "홍\u200d길동",
        "\u202e동길홍",
        "홍길동\u2066",
        "\ufeff홍길동",
        "홍\u3164길동",  # Hangul filler: a letter that shows nothing
        "\u115f\u1160",
        "\uffa0\uffa0",
        "ㅋㅋㅋ",
        "홍길ㄷ",
        "ᄒᄒ",
        "홍길동\ufe0f",
        "홍길동\U0001f600",
        "\U0001d400\U0001d401",  # mathematical letters
        "e" + "\u0301" * 4,  # a pile of marks
        "\u0301ab",
        "--",
        "-홍길동",
        "홍길동-",
        "a''b",
        ". .",
        "Robert'); DROP TABLE cases;--",
        "%s%n",
        "{0.__class__}",
        "홍길동@bank",
        "cn=홍길동,o=x",
        "홍길동/x",
        "１２３",
        "<" * 4096,
        "\ud800\ud800",
    ],
)
def test_what_is_no_name_is_refused(typed: str) -> None:
    assert name(typed, TODAY) == Refused("name_format")


@pytest.mark.parametrize("typed", ["가" * 14, "a" * 41, "가" * 4096, "Nguyễn " * 8 + "An"])
def test_a_name_that_no_certificate_carries_is_told_apart(typed: str) -> None:
    assert name(typed, TODAY) == Refused("name_too_long")


@given(st.text(max_size=60))
def test_whatever_is_taken_fits_and_shows(text: str) -> None:
    read = name(text, TODAY)
    if isinstance(read, Refused):
        assert read.error in {"name_format", "name_too_long"}
        return
    assert len(f"{read}(){'0' * 22}".encode()) <= 64
    assert read == unicodedata.normalize("NFC", read) == read.strip()
    assert "  " not in read
    assert not any(unicodedata.category(letter)[0] in "CNSZ" for letter in read.replace(" ", ""))
    assert name(read, TODAY) == read


@given(st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=2, max_size=NAME_BYTES // 3))
def test_every_korean_name_is_taken(text: str) -> None:
    assert name(text, TODAY) == text
    assert name(unicodedata.normalize("NFD", text), TODAY) == text


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("홍 길동", "홍길동"),
        ("NGUYEN VAN AN", "Nguyen Van An"),
        ("NGUYEN VAN AN", "Nguyễn Văn An"),
        ("DO THI DUNG", unicodedata.normalize("NFD", "Đỗ Thị Dung")),
        ("O'Neil", "ONEIL"),
        ("Kim-Lee", "kim lee"),
        (unicodedata.normalize("NFD", "홍길동"), "홍길동"),
    ],
)
def test_two_spellings_of_one_name_have_one_key(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


def test_two_names_have_two_keys() -> None:
    assert name_key("홍길동") != name_key("홍길순")
