"""Builds the knowledge base, which reloads its articles when they change, and the search over them."""

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
    # Heads are written to the data folder, because the articles' folder may not be writable.
    heads_folder = data_dir / "faq"

    def read() -> KnowledgeBase:
        classifier = embeddings.load(heads_folder, folder)
        return KnowledgeBase.load(languages, bank.facts, root=folder, classifier=classifier)

    articles = ReloadingKnowledgeBase(folder, read, heads_folder)
    return Knowledge(articles, Answers(lambda: articles.now), SearchRefit(folder, heads_folder))
