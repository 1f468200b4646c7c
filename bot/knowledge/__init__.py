"""Answers questions from articles in every language: the search finds the right article, or none.

It never stores a customer's text, and never answers what no article says.
"""

from bot.knowledge.articles.article import Article, ArticleBroken
from bot.knowledge.articles.facts import MenuPath
from bot.knowledge.base import Group, KnowledgeBase, name_of
from bot.knowledge.language.normalise import words_of
from bot.knowledge.search.result import OFFERED, Candidate, Finding

__all__ = [
    "OFFERED",
    "Article",
    "ArticleBroken",
    "Candidate",
    "Finding",
    "Group",
    "KnowledgeBase",
    "MenuPath",
    "name_of",
    "words_of",
]
