"""Questions and answers: articles in every language, and the search that finds the right one or says it has none."""

from bot.knowledge.articles.article import Article, ArticleBroken
from bot.knowledge.articles.facts import MenuPath
from bot.knowledge.base import Group, KnowledgeBase, name_of
from bot.knowledge.language.normalise import words as words_of
from bot.knowledge.search.finding import OFFERED, Finding, Match

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
