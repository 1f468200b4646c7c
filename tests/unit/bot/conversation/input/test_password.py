import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.conversation.input.password import problems

LONG = "Zk3#mvPq9w" + "Tg5&hnUe7r" + "Bd2^xsOk8f" + "Ly4*jcIa6m" + "Wv9%ptEz3g" + "Hq7!rbNu5d" + "Xo2@"  # 64 characters
PERSONAL = ("01012345678", "1980-11-23", "Nguyen Van An", "홍길동")


@pytest.mark.parametrize(
    "password",
    ["Zk3#mvPq9w", "zk3#mvpq9w", "correct-h0rse-battery", "A1!b2@c3#d4$",
     "~" + "aB3$xZ9&" * 2, "a7&" + "Kp2_" * 2 + "zQ", LONG,
     # The bank allows these, and so do we: six in a row, six that repeat, a common word, a few digits of one's own.
     "Zk#987654vP", "Zk#qwertyP9", "Zk3#aaaaaaP", "Password#3kz", "Zk#1980mvPq", "Zk#mv5678Pq"]
)  # fmt: skip
def test_a_good_one_has_no_problem(password: str) -> None:
    assert problems(password, PERSONAL) == ()


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("", ("password_short", "password_letters", "password_digits", "password_specials", "password_weak")),
        ("Zk3#mvPq9", ("password_short",)),
        (LONG + "z", ("password_long",)),
        ("1357924680!@", ("password_letters", )),
        ("zkwmvpqxhr#!", ("password_digits",)),
        ("Zk3wmvPq9xh2", ("password_specials",)),
        ("Zk3'mvPq9w#", ("password_forbidden",)),
        ('Zk3"mvPq9w#', ("password_forbidden",)),
        ("Zk3\\mvPq9w#", ("password_forbidden",)),
        ("Zk3\u20a9mvPq9w#", ("password_forbidden",)),
        ("Zk3|mvPq9w#", ("password_forbidden",)),
        ("Zk3 mvPq9w#", ("password_forbidden",)),
        ("Zk3'mvPq9wx", ("password_forbidden", "password_specials")),
        ("Zk3#mvPq9w가", ("password_ascii",)),
        ("Zk3#mvPq9wé", ("password_ascii",)),
        ("Zk3#mvPq9w\x00", ("password_ascii",)),
        ("Zk3#mvPq9w\n", ("password_ascii",)),
        ("１Zk#mvPqrw２", ("password_digits", "password_ascii")[::-1]),
    ],
)  # fmt: skip
def test_each_part_of_the_rule(password: str, expected: tuple[str, ...]) -> None:
    assert problems(password) == expected


@pytest.mark.parametrize(
    "password",
    ["1234567#mvP", "Zk7654321#m", "#9abcdefgvP", "Zk#9GFEDCBA", "qWeRtYu#m9k", "zxcvbnm#P9w",
     "Zk3#aaaaaaa", "a1!a1!a1!a1!", "!@#$%^&9kzm", "Zk#9ababababP", "ab1!ab1!ab"],
)  # fmt: skip
def test_a_guessable_one_is_weak(password: str) -> None:
    assert "password_weak" in problems(password)


@pytest.mark.parametrize(
    "password", ["Zk#345678vPq", "Zk#198011vPq", "Zk#801123vPq", "Zk#9nguyenP", "Zk#9NGUYENP", "Zk#010123vPq"]
)
def test_personal_data_is_found_in_it(password: str) -> None:
    assert "password_personal" in problems(password, PERSONAL)
    assert "password_personal" not in problems(password)


@given(st.text(max_size=80), st.lists(st.text(max_size=20), max_size=3))
def test_no_text_breaks_it(password: str, personal: list[str]) -> None:
    problems(password, personal)


@given(st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=10, max_size=64))
def test_a_good_one_keeps_the_rule(password: str) -> None:
    if problems(password) == ():
        assert any(letter.isalpha() for letter in password)
        assert any(letter.isdigit() for letter in password)
        assert any(not letter.isalnum() for letter in password)
        assert not set(password) & set("'\"\\|")
