"""Reads the folders of articles: one folder a language, one file a topic, tables beside them."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TypeVar

from bot.knowledge.articles.article import ArticleBroken, Entry, read, toml_of
from bot.knowledge.articles.facts import Facts, facts_of, menus_of
from bot.knowledge.language.normalise import Tables, tables_of
from bot.knowledge.language.signals import Signals, signals_of

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class LanguageArticles:
    """All that one language's folder holds."""

    language: str
    entries: Mapping[str, Entry]
    #: Group titles, in the order of browsing.
    groups: Mapping[str, str]
    facts: Facts
    tables: Tables
    signals: Signals
    #: How topics without an article of this language are asked for in it.
    ways: Mapping[str, tuple[str, ...]]
    #: And what those are called on a button.
    titles: Mapping[str, str]
    #: Questions that are none of ours, so that they have somewhere to be nearest to.
    out_of_scope: tuple[str, ...]


def home() -> Traversable:
    return files("locales")


def shelves(
    root: Traversable, languages: Sequence[str], given: Mapping[str, str]
) -> tuple[LanguageArticles, ...]:
    """Raise `ArticleBroken` at the first file that cannot be read."""
    return tuple(_shelf(root / language, language, given) for language in languages)


def _shelf(folder: Traversable, language: str, given: Mapping[str, str]) -> LanguageArticles:
    faq = folder / "faq"
    facts = Facts(
        _table(faq / "_facts.toml", f"{language}/faq", facts_of),
        _table(folder / "menus.toml", language, menus_of),
        given,
    )
    read_all = [read(file, language, facts) for file in _articles(faq, language)]
    return LanguageArticles(
        language,
        {entry.article.topic: entry for entry in read_all},
        _table(faq / "_groups.toml", f"{language}/faq", _titles),
        facts,
        _table(faq / "_normalise.toml", f"{language}/faq", tables_of),
        _table(faq / "_signals.toml", f"{language}/faq", signals_of),
        _table_if_any(faq / "_ways.toml", f"{language}/faq", _ways),
        _table_if_any(faq / "_titles.toml", f"{language}/faq", _titles),
        _lines(faq / "_out_of_scope.txt", f"{language}/faq"),
    )


def _articles(faq: Traversable, language: str) -> list[Traversable]:
    if not faq.is_dir():
        raise ArticleBroken(f"{language}/faq", 1, "there is no such folder")
    return sorted((file for file in faq.iterdir() if file.name.endswith(".md")), key=lambda file: file.name)


def _titles(table: Mapping[str, object]) -> dict[str, str]:
    if not all(isinstance(title, str) for title in table.values()):
        raise ValueError("a title is not a text")
    return {name: str(title) for name, title in table.items()}


def _ways(table: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    for topic, ways in table.items():
        if not isinstance(ways, list) or not all(isinstance(way, str) for way in ways):
            raise ValueError(f"the ways of {topic!r} are not a list of texts")
    return {topic: tuple(ways) for topic, ways in table.items() if isinstance(ways, list)}


def _table_if_any(
    file: Traversable, folder: str, build: Callable[[Mapping[str, object]], dict[str, Read]]
) -> dict[str, Read]:
    return _table(file, folder, build) if file.is_file() else {}


def _table(file: Traversable, folder: str, build: Callable[[Mapping[str, object]], Read]) -> Read:
    name = f"{folder}/{file.name}"
    try:
        return build(toml_of(_text(file, name), name))
    except ValueError as error:
        raise ArticleBroken(name, 1, str(error)) from error


def _text(file: Traversable, name: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ArticleBroken(name, 1, f"cannot be read: {error}") from error


def _lines(file: Traversable, folder: str) -> tuple[str, ...]:
    lines = _text(file, f"{folder}/{file.name}").splitlines()
    return tuple(line.strip() for line in lines if line.strip() and not line.startswith("#"))
