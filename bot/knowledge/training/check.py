"""Checks the articles, and returns every problem that an editor should fix.

If a file cannot be read at all, that is the only problem reported; `KnowledgeBase.load` refuses it too.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources.abc import Traversable

from bot.knowledge.articles.article import ArticleBroken, ArticleSource
from bot.knowledge.articles.facts import PLACEHOLDER
from bot.knowledge.articles.library import LanguageArticles, default_folder, load_languages
from bot.knowledge.base import FALLBACK, NO_FACTS
from bot.knowledge.language.normalise import Normaliser
from bot.knowledge.search.search import phrases
from bot.knowledge.training.conflicts import find_conflicts
from bot.messages.catalog import LANGUAGES, Catalogs, FormattedText, Span
from bot.messages.screen import Line, Marked

#: Telegram's limit is 4,096; a heading and a footer need room.
MAX_ANSWER_UNITS = 3_500
MAX_AGE = timedelta(days=365)
MIN_PHRASINGS = 8
#: `sendMessage` uses the first hundred entities (Bot API), and a heading has one.
MAX_SPANS = 99
#: Renders an answer alone, in the way the conversation renders it.
PLAIN_CATALOG = Catalogs({"": {"answer": "{answer}"}})
MAX_TITLE_LETTERS = 32
#: Markup that is not rendered: headings, other bullets, links, code, HTML.
UNSUPPORTED_MARKUP = re.compile(r"^\s*(#|[-*] )|\]\(|`|</?[a-z]+>", re.MULTILINE)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """`file` is relative to the folder of languages."""

    file: str
    why: str


def find_problems(
    languages: Sequence[str] = LANGUAGES,
    facts: Mapping[str, str] = NO_FACTS,
    *,
    today: date,
    root: Traversable | None = None,
) -> list[Problem]:
    try:
        loaded = load_languages(root or default_folder(), languages, facts)
    except ArticleBroken as error:
        return [Problem(error.file, f"line {error.line}: {error.why}")]
    found = [problem for check in CHECKS for problem in check(loaded)]
    return sorted({*found, *_stale(loaded, today)})


def _missing_languages(languages: Sequence[LanguageArticles]) -> Iterator[Problem]:
    """English and Korean need every article. Other languages may have only phrasings and a title for a topic."""
    every = {topic for articles in languages for topic in articles.entries}
    for articles in languages:
        missing = every - articles.entries.keys()
        is_complete = articles.language in FALLBACK
        for topic in missing if is_complete else missing - (articles.phrasings.keys() & articles.titles.keys()):
            yield Problem(_file(articles, topic), "has no article in this language")
        for topic in (articles.phrasings.keys() | articles.titles.keys()) - (set() if is_complete else missing):
            yield Problem(_phrasings_file(articles), f"{topic!r} has an article here, or is not a topic")


def _inconsistent(languages: Sequence[LanguageArticles]) -> Iterator[Problem]:
    """Fields that are not text must be the same in every language."""
    first: dict[str, tuple[object, ...]] = {}
    for articles, entry in _all_entries(languages):
        article = entry.article
        fields = (article.group, entry.place, article.related, article.next_action, entry.urgent)
        if first.setdefault(article.topic, fields) != fields:
            yield Problem(_file(articles, article.topic), "differs in group, place, related, next or urgent")


def _dangling_references(languages: Sequence[LanguageArticles]) -> Iterator[Problem]:
    every = {topic for articles in languages for topic in articles.entries}
    for articles, entry in _all_entries(languages):
        article = entry.article
        dead = [topic for topic in article.related if topic not in every or topic == article.topic]
        if dead:
            yield Problem(_file(articles, article.topic), f"related topics that do not exist: {dead}")
        if article.group not in articles.groups:
            yield Problem(_file(articles, article.topic), f"its group {article.group!r} has no title")


def _unsuitable(languages: Sequence[LanguageArticles]) -> Iterator[Problem]:
    for articles, entry in _all_entries(languages):
        for why in _unsuitable_answer(entry.article.answer):
            yield Problem(_file(articles, entry.article.topic), why)
        if len(entry.article.title) > MAX_TITLE_LETTERS:
            yield Problem(_file(articles, entry.article.topic), "the title is too long for a button")
    for articles in languages:
        for topic, title in articles.titles.items():
            if len(title) > MAX_TITLE_LETTERS:
                yield Problem(_file(articles, topic), "the title is too long for a button")


def _unsuitable_answer(answer: str) -> Iterator[str]:
    if utf16_units(answer) > MAX_ANSWER_UNITS:
        yield f"the answer is longer than {MAX_ANSWER_UNITS} UTF-16 units"
    if PLACEHOLDER.search(answer):
        yield "a placeholder is not filled"
    if UNSUPPORTED_MARKUP.search(answer) or answer.count("**") % 2:
        yield 'holds markup other than **bold**, "• " and numbered lines'
    rich = PLAIN_CATALOG.rich("", Line("answer", {"answer": Marked(answer)}))
    if "**" in rich.text or any(_is_hidden(rich, span) for span in rich.spans):
        yield "has bold text that is empty, or begins or ends with a space: a messenger does not show it"
    if len(rich.spans) > MAX_SPANS:
        yield f"has over {MAX_SPANS} pieces of bold text, and a messenger shows no more"


def _is_hidden(rich: FormattedText, span: Span) -> bool:
    bold = rich.text[span.start : span.start + span.length]
    return bold != bold.strip() or not bold


def _too_few_phrasings(languages: Sequence[LanguageArticles]) -> Iterator[Problem]:
    for articles, entry in _all_entries(languages):
        if len(set(entry.phrasings)) < MIN_PHRASINGS:
            yield Problem(_file(articles, entry.article.topic), f"has fewer than {MIN_PHRASINGS} phrasings")
    for articles in languages:
        for topic, phrasings in articles.phrasings.items():
            if len(set(phrasings)) < MIN_PHRASINGS:
                yield Problem(_phrasings_file(articles), f"{topic!r} has fewer than {MIN_PHRASINGS} phrasings")


def _ambiguous(languages: Sequence[LanguageArticles]) -> Iterator[Problem]:
    """Find phrasings of two topics, and phrasings that are out-of-scope lines as well."""
    normalise = Normaliser(tuple(articles.tables for articles in languages))
    topics_of: dict[str, set[str]] = defaultdict(set)
    out_of_scope = {normalise(line) for articles in languages for line in articles.out_of_scope}
    for file, topic, phrasing in _all_phrasings(languages):
        topics_of[normalise(phrasing)].add(topic)
        if normalise(phrasing) in out_of_scope:
            yield Problem(file, f"{phrasing!r} is among the out-of-scope lines")
    for phrasing, topics in topics_of.items():
        if len(topics) > 1:
            yield Problem("", f"{phrasing!r} is a phrasing of {sorted(topics)}")


def _conflicting(languages: Sequence[LanguageArticles]) -> Iterator[Problem]:
    normalise = Normaliser(tuple(articles.tables for articles in languages))
    known = list(dict.fromkeys(phrases(languages)))
    for each in find_conflicts(known, [normalise(phrasing) for _, phrasing in known]):
        examples = ", ".join(repr(phrasing) for phrasing in each.examples)
        count = f"{each.count} of {each.total} questions of {each.topic!r}"
        yield Problem("", f"{count} lead to {each.found!r}: {examples}")


def _all_phrasings(languages: Sequence[LanguageArticles]) -> Iterator[tuple[str, str, str]]:
    for articles, entry in _all_entries(languages):
        for phrasing in (*entry.phrasings, *entry.keywords):
            yield _file(articles, entry.article.topic), entry.article.topic, phrasing
    for articles in languages:
        for topic, phrasings in articles.phrasings.items():
            for phrasing in phrasings:
                yield _phrasings_file(articles), topic, phrasing


def _stale(languages: Sequence[LanguageArticles], today: date) -> Iterator[Problem]:
    for file, day in _dated(languages):
        if today - day > MAX_AGE:
            yield Problem(file, f"was last checked on {day.isoformat()}")


def _dated(languages: Sequence[LanguageArticles]) -> Iterator[tuple[str, date]]:
    for articles, entry in _all_entries(languages):
        yield _file(articles, entry.article.topic), entry.article.checked_on
    for articles in languages:
        for name, fact in articles.facts.from_files.items():
            yield f"{articles.language}/faq/_facts.toml [{name}]", fact.checked_on
        for name, paths in articles.facts.menus.items():
            yield f"{articles.language}/menus.toml [{name}]", min(path.checked_on for path in paths)


def _all_entries(languages: Sequence[LanguageArticles]) -> Iterator[tuple[LanguageArticles, ArticleSource]]:
    for articles in languages:
        for entry in articles.entries.values():
            yield articles, entry


def _file(articles: LanguageArticles, topic: str) -> str:
    return f"{articles.language}/faq/{topic}.md"


def _phrasings_file(articles: LanguageArticles) -> str:
    return f"{articles.language}/faq/_ways.toml"


def utf16_units(text: str) -> int:
    """Messengers count as UTF-16 does."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


CHECKS: tuple[Callable[[Sequence[LanguageArticles]], Iterator[Problem]], ...] = (
    _missing_languages,
    _inconsistent,
    _dangling_references,
    _unsuitable,
    _too_few_phrasings,
    _ambiguous,
    _conflicting,
)
