"""Questions and answers: articles in every language, and the search that finds the right one or says it has none."""

from bot.faq.article import Article, ArticleBroken
from bot.faq.base import Finding, Group, KnowledgeBase
from bot.faq.facts import MenuPath
from bot.faq.search import Match

__all__ = ["Article", "ArticleBroken", "Finding", "Group", "KnowledgeBase", "Match", "MenuPath"]
