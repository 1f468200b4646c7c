"""Answers questions from articles in every language: the search finds the right article, or none.

It never stores a customer's text, and never answers what no article says.
"""

from bot.knowledge.articles.article import Article, ArticleBroken
from bot.knowledge.articles.facts import MenuPath
from bot.knowledge.base import Group, KnowledgeBase, phrasing_token
from bot.knowledge.language.normalise import tokenise
from bot.knowledge.search.result import MAX_OFFERS, Candidate, SearchResult

__all__ = [
    "MAX_OFFERS",
    "Article",
    "ArticleBroken",
    "Candidate",
    "Group",
    "KnowledgeBase",
    "MenuPath",
    "SearchResult",
    "phrasing_token",
    "tokenise",
]
