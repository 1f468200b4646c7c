"""Questions and answers: articles in every language, and the search that finds the right one or says it has none."""

from bot.faq.article import Article, ArticleBroken
from bot.faq.base import Group, KnowledgeBase, name_of
from bot.faq.facts import MenuPath
from bot.faq.finding import OFFERED, Finding, Match
from bot.faq.normalise import words as words_of

__all__ = [
    "OFFERED",
    "Article",
    "ArticleBroken",
    "Finding",
    "Group",
    "KnowledgeBase",
    "Match",
    "MenuPath",
    "name_of",
    "words_of",
]
