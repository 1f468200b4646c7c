"""The knowledge base: which article answers a question, and how sure that is."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.resources.abc import Traversable
from types import MappingProxyType
from typing import Self

from bot.knowledge.articles.article import Article
from bot.knowledge.articles.facts import MenuPath
from bot.knowledge.articles.library import LanguageArticles, home, shelves
from bot.knowledge.language.normalise import whole
from bot.knowledge.search.cache import SearchCache
from bot.knowledge.search.embeddings import Meaning
from bot.knowledge.search.finding import Finding
from bot.knowledge.search.question import is_question
from bot.knowledge.search.search import Search, has_meaning
from bot.messages.catalog import LANGUAGES

NOTHING_GIVEN: Mapping[str, str] = MappingProxyType({})
#: Where an article is looked for when the reader's language has none.
FALLBACK = ("en", "ko")
REMEMBERED = 512
NAME_BYTES = 4


def name_of(way: str) -> str:
    """Return a name for a way of asking that fits on a button, where little does; empty for none."""
    return hashlib.blake2b(way.encode(), digest_size=NAME_BYTES).hexdigest() if way else ""


@dataclass(frozen=True, slots=True)
class Group:
    """One shelf to browse; `titles` stand in the order of `topics`."""

    id: str
    title: str
    topics: tuple[str, ...]
    titles: tuple[str, ...]


class KnowledgeBase:
    """Read once, never changed. Every method is plain computation, safe from any thread."""

    def __init__(self, stock: Sequence[LanguageArticles], meaning: Meaning | None = None) -> None:
        self._shelves = {shelf.language: shelf for shelf in stock}
        self._search = Search(stock, meaning)
        self._found: SearchCache[Finding] = SearchCache(REMEMBERED)
        self._beside: SearchCache[tuple[str, ...]] = SearchCache(REMEMBERED)

    @classmethod
    def load(
        cls,
        languages: Sequence[str] = LANGUAGES,
        facts: Mapping[str, str] = NOTHING_GIVEN,
        *,
        root: Traversable | None = None,
        meaning: Meaning | None = None,
    ) -> Self:
        """Raise `ArticleBroken` at the first file that cannot be read. `facts` win over the files' own."""
        return cls(shelves(root or home(), languages, facts), meaning)

    @property
    def made_of(self) -> str:
        """Names all known ways of asking: the same for the same ones."""
        return self._search.made_of

    @property
    def fits(self) -> bool:
        """Whether the head upon the model was made of these articles."""
        return self._search.fits

    def is_long(self, text: str) -> bool:
        """Whether looking this up may take tens of milliseconds: what is shorter has no meaning to be asked for."""
        return has_meaning(text)

    def find(self, text: str, language: str) -> Finding:  # noqa: ARG002 - customers mix languages: all are searched
        """Never raises, whatever the text. It takes tens of milliseconds the first time, and is remembered."""
        found = self._found.get(text)
        if found is None:
            found = self._search.found(text)
            self._found.put(text, found)
        return found

    def beside(self, text: str) -> tuple[str, ...]:
        """Which other topics the text asks for as well; where it is no question of ours as a whole, which at all."""
        topics = self._beside.get(text)
        if topics is None:
            topics = self._search.beside(text, self.find(text, ""))
            self._beside.put(text, topics)
        return topics

    def looks_like_question(self, text: str, language: str) -> bool:
        """Whether text that came where a form waits is surely a question; names, dates and addresses are not."""
        found = self.find(text, language)
        return is_question(
            whole(text), self._search.signals, found.zone, found.ranked[0] if found.ranked else None
        )

    def way(self, name: str) -> str:
        """Our own way of asking that has this name; empty for one that is no longer ours."""
        return self._ways.get(name, "")

    @cached_property
    def _ways(self) -> Mapping[str, str]:
        return {name_of(way): way for way in self._search.ways}

    def article(self, topic: str, language: str) -> Article:
        """The article in that language, else in English, else in Korean. Raise `KeyError` on an unknown topic."""
        for shelf in self._readable(language):
            if topic in shelf.entries:
                return shelf.entries[topic].article
        raise KeyError(topic)

    def title(self, topic: str, language: str) -> str:
        """What a button says, in that language even where the article is in another. Raise `KeyError` likewise."""
        shelf = self._shelves.get(language)
        return (shelf.titles.get(topic) if shelf else None) or self.article(topic, language).title

    def topics(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(topic for shelf in self._shelves.values() for topic in shelf.entries))

    def groups(self, language: str) -> tuple[Group, ...]:
        titles: dict[str, str] = {}
        for shelf in reversed(self._readable(language)):
            titles |= shelf.groups
        return tuple(self._group(group, titles[group], language) for group in titles)

    def menus(self, language: str) -> Mapping[str, tuple[MenuPath, ...]]:
        """The bank's menu paths by what they lead to, the usual one first."""
        readable = self._readable(language)
        return readable[0].facts.menus if readable else {}

    def _readable(self, language: str) -> list[LanguageArticles]:
        order = dict.fromkeys((language, *FALLBACK))
        return [self._shelves[each] for each in order if each in self._shelves]

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
        return self._shelves[article.language].entries[article.topic].place
