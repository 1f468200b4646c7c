import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages import masking


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("홍길동", "홍*동"),
        ("김철", "김*"),
        ("남궁민수", "남**수"),
        ("홍 길동", "홍 *동"),
        ("김", "*"),
        ("Nguyen Van An", "N***** V** A*"),
        ("O'Neil-Smith", "O***********"),
        ("J", "*"),
        ("李小龍", "李*龍"),
        ("", "***"),
        ("  ", "***"),
    ],
)
def test_a_name(value: str, shown: str) -> None:
    assert masking.name(value) == shown


@pytest.mark.parametrize(
    ("function", "value", "shown"),
    [
        (masking.mobile, "01012345678", "010-****-5678"),
        (masking.mobile, "0111234567", "011-***-4567"),
        (masking.mobile, "+821012345678", "***"),
        (masking.mobile, "", "***"),
        (masking.account, "1234567890", "******7890"),
        (masking.account, "12345678901234", "**********1234"),
        (masking.account, "123456789", "***"),
        (masking.account, "123-456-7890", "***"),
        (masking.birth, "1980-01-01", "1980-**-**"),
        (masking.birth, "19800101", "***"),
        (masking.email, "hong@example.com", "h***@example.com"),
        (masking.email, "h@example.com", "***@example.com"),
        (masking.email, "hong", "***"),
        (masking.email, "a@b@c", "***"),
    ],
)
def test_a_number(function: object, value: str, shown: str) -> None:
    assert callable(function)
    assert function(value) == shown


NAMES = st.text(st.characters(categories=["L"]), min_size=1, max_size=12)


@given(st.text(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3), min_size=1, max_size=12))
def test_of_a_korean_name_two_syllables_are_seen_at_most(name: str) -> None:
    shown = masking.name(name)
    seen = [(a, b) for a, b in zip(shown, name, strict=True) if a != "*"]
    assert all(a == b for a, b in seen)
    assert len(seen) < len(name)
    assert len(seen) <= 2


@given(st.lists(NAMES, min_size=1, max_size=4))
def test_of_any_name_two_letters_a_word_are_seen_at_most(words: list[str]) -> None:
    shown = masking.name(" ".join(words))
    assert "*" in shown
    for part in shown.split():
        assert len(part.replace("*", "")) <= 2


@given(st.text(max_size=40))
def test_wild_text_never_comes_through(text: str) -> None:
    for function in (masking.mobile, masking.account, masking.birth):
        shown = function(text)
        assert len(re.sub(r"[^0-9]", "", shown)) <= 7
        assert "*" in shown
    assert "*" in masking.name(text)
    assert "*" in masking.email(text)


@given(st.from_regex(r"[0-9]{10,14}", fullmatch=True))
def test_of_an_account_four_digits_are_seen(digits: str) -> None:
    assert masking.account(digits) == "*" * (len(digits) - 4) + digits[-4:]


@given(st.from_regex(r"[a-z0-9.]{1,30}@[a-z]{1,10}\.com", fullmatch=True))
def test_of_a_mailbox_one_letter_is_seen(address: str) -> None:
    local, domain = address.split("@")
    shown = masking.email(address)
    assert shown.endswith(f"***@{domain}")
    assert len(shown) - len(f"***@{domain}") == (1 if len(local) > 1 else 0)
