"""Text typed into a form: questions are recognised, and form answers are not taken for questions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.knowledge import KnowledgeBase

SURNAMES = "김이박최정강조윤장임한오서신권황안송류홍나하가언"
GIVEN = "민서준하나은지우현수영가요까니뭐야진원희"


@pytest.fixture(scope="module")
def knowledge_base() -> KnowledgeBase:
    return KnowledgeBase.load()


@pytest.mark.parametrize(
    "text",
    [
        "이거 왜 필요한 거예요?",
        "비밀번호를 잊어버렸는데 어떻게 하나요",
        "수수료가 얼마예요?",
        "계좌번호를 꼭 알아야 하나요?",
        "재발급 얼마나 걸려요?",
        "인증번호 문자가 안 오는데 어떻게 해요",
        "why do you need my birth date?",
        "how long does the reissue take",
        "is there a fee?",
        "상담원 연결해 주세요",
    ],
)
def test_a_question_is_recognised(knowledge_base: KnowledgeBase, text: str) -> None:
    assert knowledge_base.looks_like_question(text, "ko")


@pytest.mark.parametrize(
    "text",
    [
        "홍길동",
        "이하나",
        "박하나요",
        "나요한",
        "남궁뭐야",
        "황보은가",
        "홍길동입니다",
        "제 이름은 이하나예요",
        "John Smith",
        "Will Smith",
        "How Chen",
        "May Can Do",
        "NGUYEN THI HOA",
        "1990-01-02",
        "1990년 1월 2일",
        "90.1.2.",
        "010-1234-5678",
        "공일공 일이삼사 오육칠팔",
        "123-456789-01-011",
        "기업은행 123-456789-01-011",
        "hong@example.com",
        "서울시 마포구 양화로 45, 3층",
        "경기도 성남시 분당구 정자동",
        "서울특별시 중구 을지로 79 기업은행 본점",
        "부산광역시 해운대구 센텀중앙로 어디로 12",
        "12 Eulji-ro, Jung-gu, Seoul",
        "네",
        "본인",
        "휴대폰",
        "주민등록증",
        "123456",
        "",
        "?",
        "홍길동?",
    ],
)
def test_a_form_answer_is_not_a_question(knowledge_base: KnowledgeBase, text: str) -> None:
    assert not knowledge_base.looks_like_question(text, "ko")


@given(st.sampled_from(SURNAMES), st.text(GIVEN, min_size=1, max_size=3))
def test_a_korean_name_is_not_a_question(knowledge_base: KnowledgeBase, surname: str, given_name: str) -> None:
    assert not knowledge_base.looks_like_question(surname + given_name, "ko")


@given(st.dates())
def test_a_date_is_not_a_question(knowledge_base: KnowledgeBase, day: object) -> None:
    assert not knowledge_base.looks_like_question(str(day), "ko")


@given(st.from_regex(r"0\d{1,2}[- ]?\d{3,4}[- ]?\d{4}|\d{2,6}(-\d{2,6}){1,3}", fullmatch=True))
def test_a_number_is_not_a_question(knowledge_base: KnowledgeBase, number: str) -> None:
    assert not knowledge_base.looks_like_question(number, "ko")


@given(
    st.sampled_from(["서울시", "경기도 성남시", "부산광역시", "제주시"]),
    st.sampled_from(["강남구 테헤란로", "분당구 정자일로", "해운대구 센텀로", "노형동"]),
    st.integers(1, 9999),
    st.sampled_from(["", "101동 1203호", "3층", "기업은행", "인증빌딩 2층"]),
)
def test_an_address_is_not_a_question(
    knowledge_base: KnowledgeBase, city: str, street: str, number: int, rest: str
) -> None:
    assert not knowledge_base.looks_like_question(f"{city} {street} {number} {rest}".strip(), "ko")
