"""Words: markup as spans, parameters that are never markup, dates by language, and particles by sound."""

from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.messages import catalog as module
from bot.messages.catalog import CatalogBroken, Catalogs, Span, read_catalog
from bot.messages.screen import Day, Hour, Line, Marked, Moment, Word

MOMENT = datetime(2026, 11, 23, 3, 4, tzinfo=UTC)
CATALOG = {
    "plain": "안녕하세요",
    "bold": "**이름**을 적어 주세요. 예: `김하늘`",
    "param": "이름: {name}",
    "bold_param": "**{name}** 확인",
    "two": "{a}{b}{a}",
    "article": "**{title}**\n\n{answer}",
    "row.row": "{a}",
    "fact": "고객센터 {centre}",
    "stars": "5 * 3 ** 2",
    "format.time": "aaaa h:mm",
    "only.korean": "우리말",
    "empty": "",
}
WORDS = Catalogs({"ko": CATALOG, "en": {"format.time": "h:mm a", "plain": "Hello"}}, facts={"centre": "1566-2566"})


def say(key: str, language: str = "ko", **params: object) -> str:
    return WORDS.text(language, Line(key, params))  # type: ignore[arg-type]


def spans(key: str, **params: object) -> list[tuple[str, str]]:
    """Return every marked stretch, with its kind."""
    rich = WORDS.rich("ko", Line(key, params))  # type: ignore[arg-type]
    return [(rich.text[span.start : span.start + span.length], span.kind) for span in rich.spans]


# --- markup ---


def test_markup_becomes_spans() -> None:
    assert say("bold") == "이름을 적어 주세요. 예: 김하늘"
    assert spans("bold") == [("이름", "bold"), ("김하늘", "code")]


def test_a_parameter_inside_markup_is_marked_whole() -> None:
    assert spans("bold_param", name="홍*동") == [("홍*동", "bold")]


def test_what_is_not_balanced_stays_as_it_is_written() -> None:
    assert (say("stars"), spans("stars")) == ("5 * 3 ** 2", [])


@pytest.mark.parametrize("name", ["**굵게**", "`code`", "{name}", "{centre}", "<b>x</b>", "[a](http://x)", "_x_", "\\"])
def test_a_parameter_is_never_markup_or_a_place(name: str) -> None:
    assert say("param", name=name) == f"이름: {name}"
    assert spans("param", name=name) == []
    assert say("two", a=name, b="|") == f"{name}|{name}"


@given(st.text(max_size=50))
def test_whatever_a_customer_wrote_is_shown_as_written(name: str) -> None:
    assert say("param", name=name) == f"이름: {name}"
    assert spans("param", name=name) == []
    assert spans("bold_param", name=name) == ([(name, "bold")] if name else [])


def test_our_own_article_may_be_marked_but_fills_no_places() -> None:
    params = {"title": "**제목**", "answer": Marked("**답** `1` {title}")}
    assert spans("article", **params) == [("**제목**", "bold"), ("답", "bold"), ("1", "code")]
    assert say("article", **params) == "**제목**\n\n답 1 {title}"


# --- parameters ---


def test_a_missing_parameter_is_seen_not_hidden() -> None:
    assert say("param") == "이름: {name}"


def test_facts_fill_every_text_and_a_parameter_goes_before_them() -> None:
    assert say("fact") == "고객센터 1566-2566"
    assert say("fact", centre="02-123") == "고객센터 02-123"


@pytest.mark.parametrize(
    ("value", "korean", "english"),
    [
        (3, "3", "3"),
        ("홍*동", "홍*동", "홍*동"),
        (Word("plain"), "안녕하세요", "Hello"),
        (Day(date(2026, 12, 1)), "2026년 12월 1일", "December 1, 2026"),
        (Moment(MOMENT), "2026년 11월 23일 오후 12:04", "November 23, 2026 12:04 PM"),
        (Hour(MOMENT), "오후 12:04", "12:04 PM"),
    ],
)
def test_each_kind_of_parameter_in_the_readers_language(value: object, korean: str, english: str) -> None:
    assert say("param", name=value) == f"이름: {korean}"
    found = say("param", "en", name=value).replace("\u202f", " ")
    assert found == f"이름: {english}", "a key that is missing in a language is said in the default one"


def test_times_are_told_in_the_banks_zone() -> None:
    just_before_midnight = Moment(datetime(2026, 12, 31, 14, 59, 59, tzinfo=UTC))
    midnight = Moment(datetime(2026, 12, 31, 15, 0, tzinfo=UTC))
    assert say("param", name=just_before_midnight) == "이름: 2026년 12월 31일 오후 11:59"
    assert say("param", name=midnight) == "이름: 2027년 1월 1일 오전 12:00"
    london = Catalogs({"ko": CATALOG}, ZoneInfo("Europe/London"))
    assert london.text("ko", Line("param", {"name": midnight})) == "이름: 2026년 12월 31일 오후 3:00"


@pytest.mark.parametrize(
    ("bank", "said"),
    [
        ("은행", "은행을 은행으로"),
        ("카드", "카드를 카드로"),
        ("메일", "메일을 메일로"),
        ("**굵게**", "**굵게**를 **굵게**로"),
    ],
)
def test_a_particle_takes_its_form_from_the_word(bank: str, said: str) -> None:
    words = Catalogs({"ko": {"a": "{bank:을/를} {bank:으로/로}"}})
    assert words.text("ko", Line("a", {"bank": bank})) == said


# --- pages ---


def test_paragraphs_are_parted_and_rows_are_not() -> None:
    lines = (
        Line("bold"),
        Line("row.row", {"a": "1"}),
        Line("row.row", {"a": "2"}),
        Line("param", {"name": "x"}),
    )
    rich = WORDS.page("ko", lines)
    assert rich.text == "이름을 적어 주세요. 예: 김하늘\n\n1\n2\n\n이름: x"
    assert rich.spans == (Span(0, 2, "bold"), Span(15, 3, "code"))
    later = WORDS.page("ko", (Line("plain"), Line("bold")))
    assert [later.text[span.start :][: span.length] for span in later.spans] == ["이름", "김하늘"]


# --- catalogs ---


def test_a_key_that_nobody_has_is_shown_as_it_is() -> None:
    assert say("no.such.key") == "no.such.key"
    assert say("empty") == "empty"


def test_a_language_that_is_not_there_is_said_in_the_default_one() -> None:
    assert say("plain", "fr") == "안녕하세요"
    assert say("only.korean", "en") == "우리말"


def test_the_real_catalogs_are_read() -> None:
    words = Catalogs.load()
    assert words.languages == ("ko", "en", "vi", "zh")
    assert words.default == "ko"


def test_a_catalog_that_is_missing_says_which() -> None:
    with pytest.raises(CatalogBroken, match="catalog of xx cannot be read"):
        read_catalog("xx")


def test_a_catalog_that_is_broken_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "ko" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "messages.po").write_text('msgid "a"\nnonsense\nmsgstr "b"\n', encoding="utf-8")
    monkeypatch.setattr(module, "files", lambda _package: tmp_path)
    with pytest.raises(CatalogBroken, match="catalog of ko"):
        read_catalog("ko")
