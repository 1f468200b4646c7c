"""Every ending that a bank's name, a person, a number or a program may have."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages.catalog import Catalogs
from bot.messages.particles import Ending, ending, form, josa
from bot.messages.screen import Line

PAIRS = ("을/를", "이/가", "은/는", "과/와", "으로/로", "이에요/예요")
AFTER_VOWEL = ["를", "가", "는", "와", "로", "예요"]
AFTER_RIEUL = ["을", "이", "은", "과", "로", "이에요"]
AFTER_CONSONANT = ["을", "이", "은", "과", "으로", "이에요"]


def forms(word: str) -> list[str]:
    return [form(word, pair) for pair in PAIRS]


@pytest.mark.parametrize(
    "word",
    [
        "김철수", "인증서", "계좌", "카카오", "스마트폰 앱 스토어", "2", "4", "5", "9", "0.5", "1조 2",
        "IBK", "PDF", "USB", "OTP", "SMS",
        "Safari", "Naver", "Windows", "Android", "Kakao", "link", "Park", "Smith", "Nguyen Thi", "50%",
        "ㅏ", "김철수)", "「인증서」", "김철수님께서 보낸 '계좌'",
        "은행계좌(국민)", "1,000,000,000,000", "3조",
    ],
)  # fmt: skip
def test_after_a_vowel(word: str) -> None:
    assert forms(word) == AFTER_VOWEL


@pytest.mark.parametrize(
    "word",
    ["서울", "메일", "1", "7", "8", "101", "URL", "HTML", "Google", "Gmail", "email",
     "file", "ㄹ", "서울(본점)", "12월 31일", "Apple", "Paul"]
)  # fmt: skip
def test_after_rieul(word: str) -> None:
    assert forms(word) == AFTER_RIEUL


@pytest.mark.parametrize(
    "word",
    [
        "홍길동", "은행", "비밀번호 확인", "0", "3", "6", "10", "100", "1000", "10000", "2,000",
        "100000000", "VPN", "ATM", "PIN",
        "Telegram", "iPhone", "Chrome", "Kim", "Mac", "app", "Internet", "Facebook", "Jack", "Nguyễn",
        "Samsung", "ㄱ", "ㅎ",
        "기업은행(IBK)", "은행 (주)", "홍길동!", '"홍길동"', "홍길동 ", "(주)기업은행[본점](서울)",
    ],
)  # fmt: skip
def test_after_a_consonant(word: str) -> None:
    assert forms(word) == AFTER_CONSONANT


@pytest.mark.parametrize("word", ["", "   ", "日本", "Иван", "\U0001f600", "()", "..."])
def test_where_nothing_tells_both_forms_stand(word: str) -> None:
    assert ending(word) is Ending.UNKNOWN
    assert forms(word) == ["을(를)", "이(가)", "은(는)", "과(와)", "(으)로", "이에요(예요)"]


@pytest.mark.parametrize("spelling", ["을/를", "를/을", "을(를)", "을를"])
def test_a_pair_may_be_spelled_in_four_ways(spelling: str) -> None:
    assert josa("은행", spelling) == "은행을"


@pytest.mark.parametrize("spelling", ["", "을", "의", "을/은", "object"])
def test_another_particle_is_a_mistake(spelling: str) -> None:
    with pytest.raises(ValueError, match="no such particle"):
        josa("은행", spelling)


def test_a_catalog_names_the_particle_in_the_place() -> None:
    words = Catalogs({"ko": {"where": "{bank:으로/로} 오세요. {name:이/가} {bank}"}})
    line = Line("where", {"bank": "서울", "name": "홍길동"})
    assert words.text("ko", line) == "서울로 오세요. 홍길동이 서울"


@given(st.text(max_size=40), st.sampled_from(PAIRS))
def test_any_word_keeps_what_it_was(word: str, pair: str) -> None:
    assert josa(word, pair).startswith(word)
    assert len(josa(word, pair)) > len(word)


@given(st.characters(min_codepoint=0xAC00, max_codepoint=0xD7A3))
def test_every_syllable_is_heard_by_its_last_letter(syllable: str) -> None:
    final = (ord(syllable) - 0xAC00) % 28
    expected = Ending.VOWEL if final == 0 else Ending.RIEUL if final == 8 else Ending.CONSONANT
    assert ending(syllable) is expected
