"""What a keeper of the knowledge base should mend, found all together.

A file that cannot be read at all is the one problem reported then; `KnowledgeBase.load` would refuse it too.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib.resources.abc import Traversable

from bot.knowledge.articles.article import ArticleBroken, Entry
from bot.knowledge.articles.facts import PLACEHOLDER
from bot.knowledge.articles.library import LanguageArticles, home, shelves
from bot.knowledge.base import FALLBACK, NOTHING_GIVEN
from bot.knowledge.language.normalise import Normaliser
from bot.knowledge.search.search import phrases
from bot.knowledge.training.conflicts import thefts
from bot.messages.catalog import LANGUAGES, Catalogs, FormattedText, Span
from bot.messages.screen import Line, Marked

#: Below Telegram's 4,096, which leaves room for a heading and a footer.
LONGEST = 3_500
STALE = timedelta(days=365)
FEWEST_WAYS = 8
#: `sendMessage` keeps the first hundred entities (Bot API), and a heading has one.
MOST_SPANS = 99
#: Renders an answer as the conversation does, with nothing around it.
PAPER = Catalogs({"": {"answer": "{answer}"}})
LONGEST_TITLE = 32
#: Markup that no messenger is told of: headings, other bullets, links, code, HTML.
FOREIGN_MARKUP = re.compile(r"^\s*(#|[-*] )|\]\(|`|</?[a-z]+>", re.MULTILINE)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """`file` is relative to the folder of languages."""

    file: str
    why: str


def problems(
    languages: Sequence[str] = LANGUAGES,
    facts: Mapping[str, str] = NOTHING_GIVEN,
    *,
    today: date,
    root: Traversable | None = None,
) -> list[Problem]:
    try:
        stock = shelves(root or home(), languages, facts)
    except ArticleBroken as error:
        return [Problem(error.file, f"line {error.line}: {error.why}")]
    found = [problem for check in CHECKS for problem in check(stock)]
    return sorted({*found, *_stale(stock, today)})


def _missing_languages(stock: Sequence[LanguageArticles]) -> Iterator[Problem]:
    """English and Korean are whole; elsewhere a topic may be asked for and be answered in English."""
    every = {topic for shelf in stock for topic in shelf.entries}
    for shelf in stock:
        lacking = every - shelf.entries.keys()
        whole = shelf.language in FALLBACK
        for topic in lacking if whole else lacking - (shelf.ways.keys() & shelf.titles.keys()):
            yield Problem(_file(shelf, topic), "has no article in this language")
        for topic in (shelf.ways.keys() | shelf.titles.keys()) - (set() if whole else lacking):
            yield Problem(_ways_file(shelf), f"{topic!r} belongs into its article, or is none")


def _disagreeing(stock: Sequence[LanguageArticles]) -> Iterator[Problem]:
    """Languages must agree on what is not language."""
    settled: dict[str, tuple[object, ...]] = {}
    for shelf, entry in _all(stock):
        article = entry.article
        same = (article.group, entry.place, article.related, article.next_action, entry.urgent)
        if settled.setdefault(article.topic, same) != same:
            yield Problem(_file(shelf, article.topic), "differs in group, place, related, next or urgent")


def _dead_ends(stock: Sequence[LanguageArticles]) -> Iterator[Problem]:
    every = {topic for shelf in stock for topic in shelf.entries}
    for shelf, entry in _all(stock):
        article = entry.article
        dead = [topic for topic in article.related if topic not in every or topic == article.topic]
        if dead:
            yield Problem(_file(shelf, article.topic), f"related topics that lead nowhere: {dead}")
        if article.group not in shelf.groups:
            yield Problem(_file(shelf, article.topic), f"its group {article.group!r} has no title")


def _unfit(stock: Sequence[LanguageArticles]) -> Iterator[Problem]:
    for shelf, entry in _all(stock):
        for why in _unfit_answer(entry.article.answer):
            yield Problem(_file(shelf, entry.article.topic), why)
        if len(entry.article.title) > LONGEST_TITLE:
            yield Problem(_file(shelf, entry.article.topic), "the title is too long for a button")
    for shelf in stock:
        for topic, title in shelf.titles.items():
            if len(title) > LONGEST_TITLE:
                yield Problem(_file(shelf, topic), "the title is too long for a button")


def _unfit_answer(answer: str) -> Iterator[str]:
    if utf16_units(answer) > LONGEST:
        yield f"the answer is longer than {LONGEST} UTF-16 units"
    if PLACEHOLDER.search(answer):
        yield "a placeholder is not filled"
    if FOREIGN_MARKUP.search(answer) or answer.count("**") % 2:
        yield 'holds markup other than **bold**, "• " and numbered lines'
    rich = PAPER.rich("", Line("answer", {"answer": Marked(answer)}))
    if "**" in rich.text or any(_is_ragged(rich, span) for span in rich.spans):
        yield "has bold text that is empty, or begins or ends with a space: a messenger would not show it"
    if len(rich.spans) > MOST_SPANS:
        yield f"has over {MOST_SPANS} stretches of bold text, of which a messenger shows no more"


def _is_ragged(rich: FormattedText, span: Span) -> bool:
    bold = rich.text[span.start : span.start + span.length]
    return bold != bold.strip() or not bold


def _few_ways(stock: Sequence[LanguageArticles]) -> Iterator[Problem]:
    for shelf, entry in _all(stock):
        if len(set(entry.ways)) < FEWEST_WAYS:
            yield Problem(_file(shelf, entry.article.topic), f"fewer than {FEWEST_WAYS} other ways to ask")
    for shelf in stock:
        for topic, ways in shelf.ways.items():
            if len(set(ways)) < FEWEST_WAYS:
                yield Problem(_ways_file(shelf), f"{topic!r} has fewer than {FEWEST_WAYS} ways to ask")


def _ambiguous(stock: Sequence[LanguageArticles]) -> Iterator[Problem]:
    """A way to ask that two topics claim, or that is said to be out of scope as well."""
    plain = Normaliser(tuple(shelf.tables for shelf in stock))
    claims: dict[str, set[str]] = defaultdict(set)
    strangers = {plain(line) for shelf in stock for line in shelf.out_of_scope}
    for file, topic, way in _asked(stock):
        claims[plain(way)].add(topic)
        if plain(way) in strangers:
            yield Problem(file, f"{way!r} is among the out-of-scope lines")
    for way, topics in claims.items():
        if len(topics) > 1:
            yield Problem("", f"{way!r} is claimed by {sorted(topics)}")


def _stolen(stock: Sequence[LanguageArticles]) -> Iterator[Problem]:
    plain = Normaliser(tuple(shelf.tables for shelf in stock))
    known = list(dict.fromkeys(phrases(stock)))
    for each in thefts(known, [plain(way) for _, way in known]):
        examples = ", ".join(repr(way) for way in each.examples)
        yield Problem(
            "", f"{each.thief!r} takes {each.times} of the {each.of} questions of {each.owner!r}: {examples}"
        )


def _asked(stock: Sequence[LanguageArticles]) -> Iterator[tuple[str, str, str]]:
    for shelf, entry in _all(stock):
        for way in (*entry.ways, *entry.keywords):
            yield _file(shelf, entry.article.topic), entry.article.topic, way
    for shelf in stock:
        for topic, ways in shelf.ways.items():
            for way in ways:
                yield _ways_file(shelf), topic, way


def _stale(stock: Sequence[LanguageArticles], today: date) -> Iterator[Problem]:
    for file, day in _dated(stock):
        if today - day > STALE:
            yield Problem(file, f"was last checked on {day.isoformat()}")


def _dated(stock: Sequence[LanguageArticles]) -> Iterator[tuple[str, date]]:
    for shelf, entry in _all(stock):
        yield _file(shelf, entry.article.topic), entry.article.checked_on
    for shelf in stock:
        for name, fact in shelf.facts.kept.items():
            yield f"{shelf.language}/faq/_facts.toml [{name}]", fact.checked_on
        for name, paths in shelf.facts.menus.items():
            yield f"{shelf.language}/menus.toml [{name}]", min(path.checked_on for path in paths)


def _all(stock: Sequence[LanguageArticles]) -> Iterator[tuple[LanguageArticles, Entry]]:
    for shelf in stock:
        for entry in shelf.entries.values():
            yield shelf, entry


def _file(shelf: LanguageArticles, topic: str) -> str:
    return f"{shelf.language}/faq/{topic}.md"


def _ways_file(shelf: LanguageArticles) -> str:
    return f"{shelf.language}/faq/_ways.toml"


def utf16_units(text: str) -> int:
    """Messengers count as UTF-16 does."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


CHECKS: tuple[Callable[[Sequence[LanguageArticles]], Iterator[Problem]], ...] = (
    _missing_languages,
    _disagreeing,
    _dead_ends,
    _unfit,
    _few_ways,
    _ambiguous,
    _stolen,
)
