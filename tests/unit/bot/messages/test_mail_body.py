"""A mail is in the customer's language and in Korean, escaped, and leads nowhere."""

import re

import pytest

from bot.messages.catalog import LANGUAGES, Catalogs
from bot.messages.mail_body import PARTING, render_mail
from bot.messages.outgoing import Mail
from bot.messages.screen import Line
from tests.support.conversation import WORDS

RECEIPT = "<b>&'\"261128-ABC-1</b>"


def mail(language: str) -> Mail:
    params = {"receipt": RECEIPT, "until": "2027"}
    return Mail(
        "x@y.example",
        Line("mail.issued.subject"),
        (Line("mail.issued", params), Line("mail.warning")),
        language,
    )


@pytest.mark.parametrize("language", LANGUAGES)
def test_korean_stands_below_every_other_language(language: str) -> None:
    letter = render_mail(mail(language), WORDS)
    parts = letter.text.split(PARTING)
    assert len(parts) == (1 if language == "ko" else 2)
    for part, spoken in zip(parts, dict.fromkeys((language, "ko")), strict=True):
        assert WORDS.text(spoken, Line("mail.warning")) in part
        assert RECEIPT in part
    assert letter.subject == WORDS.text(language, Line("mail.issued.subject"))
    assert re.findall(r'<div lang="(\w+)">', letter.page) == list(dict.fromkeys((language, "ko")))


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_said_cannot_become_markup_and_nothing_is_loaded(language: str) -> None:
    page = render_mail(mail(language), WORDS).page
    assert RECEIPT not in page
    assert "&lt;b&gt;&amp;&#x27;&quot;261128-ABC-1&lt;/b&gt;" in page
    names = set(re.findall(r"</?([a-z!A-Z]+)", page))
    assert names <= {
        "DOCTYPE",
        "html",
        "head",
        "meta",
        "title",
        "body",
        "div",
        "p",
        "br",
        "hr",
        "strong",
        "code",
    } | {"!DOCTYPE"}
    assert "http" not in page


def test_bold_is_marked_and_paragraphs_are_kept() -> None:
    words = Catalogs({"ko": {"s": "제목", "b": "**가** 나 `다`\n라\n\n마"}})
    page = render_mail(Mail("x@y.example", Line("s"), (Line("b"),), "ko"), words).page
    assert "<p><strong>가</strong> 나 <code>다</code><br>라</p><p>마</p>" in page
