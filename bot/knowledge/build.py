"""Builds the knowledge base: articles that are read again when they change, and the search over them."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from bot.knowledge.answers import Answers
from bot.knowledge.base import KnowledgeBase
from bot.knowledge.refit import SearchRefit
from bot.knowledge.reloading import ReloadingKnowledgeBase
from bot.knowledge.search import embeddings
from bot.settings.concerns import BankSettings


@dataclass(frozen=True, slots=True)
class Knowledge:
    articles: ReloadingKnowledgeBase
    answers: Answers
    refit: SearchRefit


def build_knowledge(bank: BankSettings, data_dir: Path, languages: Sequence[str]) -> Knowledge:
    """Raise `ArticleBroken` if the articles cannot be read."""
    folder = bank.articles or Path(str(files("locales")))
    # What is made from the articles is kept with our data: their folder may belong to somebody else.
    heads = data_dir / "faq"

    def read() -> KnowledgeBase:
        model = embeddings.load(heads, folder)
        return KnowledgeBase.load(languages, bank.facts, root=folder, meaning=model)

    articles = ReloadingKnowledgeBase(folder, read, heads)
    return Knowledge(articles, Answers(lambda: articles.now), SearchRefit(folder, heads))
