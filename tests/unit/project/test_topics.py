"""Screens lead to articles by topic: each of these topics has its article."""

from pathlib import Path

import pytest

from bot.conversation.cards import _ENDING_TOPICS
from bot.conversation.refusals import REFUSALS

ARTICLES = Path(__file__).parents[3] / "locales" / "ko" / "faq"


@pytest.mark.parametrize("topic", sorted({each.topic for each in REFUSALS.values()} | {*_ENDING_TOPICS.values()}))
def test_a_topic_that_a_screen_offers_has_an_article(topic: str) -> None:
    assert (ARTICLES / f"{topic}.md").is_file()
