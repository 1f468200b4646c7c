"""Reads the folders of articles: a folder for each language, with a file for each topic and some tables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import TypeVar

from bot.knowledge.articles.article import ArticleBroken, ArticleSource, parse_toml, read
from bot.knowledge.articles.facts import Facts, parse_facts, parse_menus
from bot.knowledge.language.normalise import Tables, parse_tables
from bot.knowledge.language.signals import Signals, parse_signals

Parsed = TypeVar("Parsed")


@dataclass(frozen=True, slots=True)
class LanguageArticles:
    """The content of one language's folder."""

    language: str
    entries: Mapping[str, ArticleSource]
    #: Group titles, in the order they are shown.
    groups: Mapping[str, str]
    facts: Facts
    tables: Tables
    signals: Signals
    #: Phrasings of topics that have no article in this language.
    phrasings: Mapping[str, tuple[str, ...]]
    #: Button titles of those topics.
    titles: Mapping[str, str]
    #: Negative examples: questions that are not about certificates.
    out_of_scope: tuple[str, ...]


def default_folder() -> Traversable:
    return files("locales")


def load_languages(
    root: Traversable, languages: Sequence[str], from_settings: Mapping[str, str]
) -> tuple[LanguageArticles, ...]:
    """Raise `ArticleBroken` at the first file that cannot be read."""
    return tuple(_load_language(root / language, language, from_settings) for language in languages)


def _load_language(folder: Traversable, language: str, from_settings: Mapping[str, str]) -> LanguageArticles:
    faq = folder / "faq"
    facts = Facts(
        _table(faq / "_facts.toml", f"{language}/faq", parse_facts),
        _table(folder / "menus.toml", language, parse_menus),
        from_settings,
    )
    entries = [read(file, language, facts) for file in _articles(faq, language)]
    return LanguageArticles(
        language,
        {entry.article.topic: entry for entry in entries},
        _table(faq / "_groups.toml", f"{language}/faq", _titles),
        facts,
        _table(faq / "_normalise.toml", f"{language}/faq", parse_tables),
        _table(faq / "_signals.toml", f"{language}/faq", parse_signals),
        _optional_table(faq / "_ways.toml", f"{language}/faq", _phrasings),
        _optional_table(faq / "_titles.toml", f"{language}/faq", _titles),
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


def _phrasings(table: Mapping[str, object]) -> dict[str, tuple[str, ...]]:
    for topic, phrasings in table.items():
        if not isinstance(phrasings, list) or not all(isinstance(phrasing, str) for phrasing in phrasings):
            raise ValueError(f"the phrasings of {topic!r} are not a list of texts")
    return {topic: tuple(phrasings) for topic, phrasings in table.items() if isinstance(phrasings, list)}


def _optional_table(
    file: Traversable, folder: str, build: Callable[[Mapping[str, object]], dict[str, Parsed]]
) -> dict[str, Parsed]:
    return _table(file, folder, build) if file.is_file() else {}


def _table(file: Traversable, folder: str, build: Callable[[Mapping[str, object]], Parsed]) -> Parsed:
    name = f"{folder}/{file.name}"
    try:
        return build(parse_toml(_text(file, name), name))
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
