"""The knowledge base: finds the article that answers a question, with a confidence."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Self

from bot.knowledge.articles.article import Article
from bot.knowledge.articles.facts import MenuPath
from bot.knowledge.articles.library import LanguageArticles, default_folder, load_languages
from bot.knowledge.language.normalise import sanitise
from bot.knowledge.search.cache import SearchCache
from bot.knowledge.search.embeddings import TopicClassifier
from bot.knowledge.search.question import is_question
from bot.knowledge.search.result import SearchResult
from bot.knowledge.search.search import Search, has_enough_letters
from bot.messages.catalog import LANGUAGES

NO_FACTS: Mapping[str, str] = MappingProxyType({})
#: The languages to try when an article does not exist in the reader's language.
FALLBACK = ("en", "ko")
CACHE_SIZE = 512
TOKEN_BYTES = 4


def phrasing_token(phrasing: str) -> str:
    """Return a short token for a phrasing, because callback data is at most 64 bytes (Bot API); empty for none."""
    return hashlib.blake2b(phrasing.encode(), digest_size=TOKEN_BYTES).hexdigest() if phrasing else ""


@dataclass(frozen=True, slots=True)
class Group:
    """A group of topics to browse; `titles` are in the order of `topics`."""

    id: str
    title: str
    topics: tuple[str, ...]
    titles: tuple[str, ...]


class KnowledgeBase:
    """Immutable. Every method only computes, and is safe from any thread."""

    def __init__(self, languages: Sequence[LanguageArticles], classifier: TopicClassifier | None = None) -> None:
        self._by_language = {articles.language: articles for articles in languages}
        self._search = Search(languages, classifier)
        self._found: SearchCache[SearchResult] = SearchCache(CACHE_SIZE)
        self._other_topics: SearchCache[tuple[str, ...]] = SearchCache(CACHE_SIZE)

    @classmethod
    def load(
        cls,
        languages: Sequence[str] = LANGUAGES,
        facts: Mapping[str, str] = NO_FACTS,
        *,
        root: Traversable | None = None,
        classifier: TopicClassifier | None = None,
    ) -> Self:
        """Raise `ArticleBroken` at the first file that cannot be read. `facts` override those in the files."""
        return cls(load_languages(root or default_folder(), languages, facts), classifier)

    @property
    def fingerprint(self) -> str:
        """The digest of all known phrasings."""
        return self._search.fingerprint

    @property
    def is_head_current(self) -> bool:
        """Whether the classifier head was trained on exactly these articles."""
        return self._search.is_head_current

    def is_slow_to_search(self, text: str) -> bool:
        """Whether a search for this text may take tens of milliseconds: shorter texts are not embedded."""
        return has_enough_letters(text)

    def find(self, text: str, language: str) -> SearchResult:  # noqa: ARG002 - customers mix languages, so all are searched
        """Never raises. The first search for a text may take tens of milliseconds; then its result is cached."""
        found = self._found.get(text)
        if found is None:
            found = self._search.find(text)
            self._found.put(text, found)
        return found

    def other_topics(self, text: str) -> tuple[str, ...]:
        """Return the topics that the text asks for besides the answer, or without one."""
        topics = self._other_topics.get(text)
        if topics is None:
            topics = self._search.other_topics(text, self.find(text, ""))
            self._other_topics.put(text, topics)
        return topics

    def looks_like_question(self, text: str, language: str) -> bool:
        """Whether a text typed into a form is a question and not a name, date or address."""
        found = self.find(text, language)
        best = found.ranked[0] if found.ranked else None
        return is_question(sanitise(text), self._search.signals, found.zone, best)

    def way(self, token: str) -> str:
        """Return the phrasing with this token; empty if it no longer exists."""
        return self._phrasings_by_token.get(token, "")

    @cached_property
    def _phrasings_by_token(self) -> Mapping[str, str]:
        return {phrasing_token(phrasing): phrasing for phrasing in self._search.phrasings}

    def article(self, topic: str, language: str) -> Article:
        """Return the article in that language, English or Korean. Raise `KeyError` for an unknown topic."""
        for articles in self._readable(language):
            if topic in articles.entries:
                return articles.entries[topic].article
        raise KeyError(topic)

    def title(self, topic: str, language: str) -> str:
        """Return the button title, in that language even if the article is not. Raise `KeyError` as `article`."""
        articles = self._by_language.get(language)
        return (articles.titles.get(topic) if articles else None) or self.article(topic, language).title

    def topics(self) -> tuple[str, ...]:
        every = (topic for articles in self._by_language.values() for topic in articles.entries)
        return tuple(dict.fromkeys(every))

    def groups(self, language: str) -> tuple[Group, ...]:
        titles: dict[str, str] = {}
        for articles in reversed(self._readable(language)):
            titles |= articles.groups
        return tuple(self._group(group, titles[group], language) for group in titles)

    def menus(self, language: str) -> Mapping[str, tuple[MenuPath, ...]]:
        """Return the bank's menu paths by their target, the usual path first."""
        readable = self._readable(language)
        return readable[0].facts.menus if readable else {}

    def _readable(self, language: str) -> list[LanguageArticles]:
        order = dict.fromkeys((language, *FALLBACK))
        return [self._by_language[each] for each in order if each in self._by_language]

    def _group(self, group: str, title: str, language: str) -> Group:
        every = (self.article(topic, language) for topic in self.topics())
        articles = sorted((each for each in every if each.group == group), key=self._place)
        return Group(
            group,
            title,
            tuple(each.topic for each in articles),
            tuple(self.title(each.topic, language) for each in articles),
        )

    def _place(self, article: Article) -> int:
        return self._by_language[article.language].entries[article.topic].place
