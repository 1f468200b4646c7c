"""Reads one FAQ article: TOML front matter between two `+++` lines, then the answer."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.resources.abc import Traversable
from typing import Literal, get_args

from bot.knowledge.articles.facts import Facts

NextAction = Literal["reissue", "status", "mycert", "human", "none"]
NEXT_ACTIONS = get_args(NextAction)

FENCE = "+++"
TEXTS = ("id", "group", "title", "question", "next", "source", "owner")
LISTS = ("ways", "keywords", "related")
SENTENCE_END = re.compile(r"(?<=[?.!])\s+|(?<=[？。！])\s*")
AT_LINE = re.compile(r"at line (\d+)")


class ArticleBroken(Exception):
    """A file of the knowledge base cannot be read; `file`, `line` and `why` say what to fix."""

    def __init__(self, file: str, line: int, why: str) -> None:
        super().__init__(f"{file}:{line}: {why}")
        self.file = file
        self.line = line
        self.why = why


@dataclass(frozen=True, slots=True)
class Article:
    """What a customer reads. `language` is the article's own, which may not be the reader's."""

    topic: str
    group: str
    language: str
    #: Short enough for a button.
    title: str
    question: str
    #: Placeholders are filled. Markup: `**bold**`, lines with "• ", numbered lines.
    answer: str
    next_action: NextAction
    related: tuple[str, ...]
    checked_on: date


@dataclass(frozen=True, slots=True)
class ArticleSource:
    """An article, with the fields that only the search and its editors need."""

    article: Article
    phrasings: tuple[str, ...]
    keywords: tuple[str, ...]
    #: The position within its group.
    place: int
    source: str
    owner: str
    #: For this topic, no answer costs the customer more than a wrong one.
    urgent: bool

    def phrases(self) -> tuple[str, ...]:
        """Return every known phrasing. Each sentence of the question is one."""
        sentences = [part for part in SENTENCE_END.split(self.article.question) if part]
        return (*sentences, self.article.title, *self.phrasings, *self.keywords)


def parse_toml(text: str, file: str, *, above: int = 0) -> dict[str, object]:
    """Raise `ArticleBroken` with the line in the file, of which the first `above` lines are not TOML."""
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = AT_LINE.search(str(error))
        line = int(found.group(1)) if found else text.count("\n") + 1
        raise ArticleBroken(file, above + line, str(error)) from error


def read(file: Traversable, language: str, facts: Facts) -> ArticleSource:
    """Raise `ArticleBroken` if the file is not an article, its name is not its id, or a fact is missing."""
    name = f"{language}/faq/{file.name}"
    front, answer, answer_line = _split(_text(file, name), name)
    fields = parse_toml(front, name, above=1)
    _require(fields, name)
    if f"{fields['id']}.md" != file.name:
        raise ArticleBroken(name, 1, f"the file name is not the id {fields['id']!r}")
    return _source(fields, language, _fill(answer, answer_line, name, facts))


def _text(file: Traversable, name: str) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ArticleBroken(name, 1, "not UTF-8") from error


def _split(text: str, name: str) -> tuple[str, str, int]:
    lines = text.splitlines()
    if not lines or lines[0].strip() != FENCE:
        raise ArticleBroken(name, 1, f"does not begin with {FENCE}")
    ends = [number for number, line in enumerate(lines[1:], 1) if line.strip() == FENCE]
    if not ends:
        raise ArticleBroken(name, len(lines), f"the front matter is not closed by {FENCE}")
    end = ends[0]
    first = next((number for number in range(end + 1, len(lines)) if lines[number].strip()), None)
    if first is None:
        raise ArticleBroken(name, end + 1, "has no answer")
    return "\n".join(lines[1:end]), "\n".join(lines[first:]).rstrip(), first + 1


def _require(fields: Mapping[str, object], name: str) -> None:
    invalid = [key for key in TEXTS if not isinstance(fields.get(key), str)]
    invalid += [key for key in LISTS if not _is_texts(fields.get(key))]
    invalid += [] if type(fields.get("checked_on")) is date else ["checked_on"]
    invalid += [] if type(fields.get("place")) is int else ["place"]
    invalid += [] if fields.get("next") in NEXT_ACTIONS else ["next"]
    invalid += [] if isinstance(fields.get("urgent", False), bool) else ["urgent"]
    unknown = sorted(fields.keys() - {*TEXTS, *LISTS, "checked_on", "place", "urgent"})
    if invalid or unknown:
        raise ArticleBroken(name, 1, f"missing or invalid: {invalid}, unknown: {unknown}")


def _is_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _fill(answer: str, first_line: int, name: str, facts: Facts) -> str:
    for number, line in enumerate(answer.splitlines(), first_line):
        missing = facts.missing(line)
        if missing:
            raise ArticleBroken(name, number, f"there is no fact {{{missing[0]}}}")
    return facts.fill(answer)


def _source(fields: Mapping[str, object], language: str, answer: str) -> ArticleSource:
    texts = {key: str(fields[key]) for key in TEXTS}
    lists = {key: tuple(value) for key in LISTS if isinstance(value := fields[key], list)}
    day, place = fields["checked_on"], fields["place"]
    assert isinstance(day, date)
    assert isinstance(place, int)
    action = next(action for action in NEXT_ACTIONS if action == texts["next"])
    article = Article(
        texts["id"],
        texts["group"],
        language,
        texts["title"],
        texts["question"],
        answer,
        action,
        lists["related"],
        day,
    )
    return ArticleSource(
        article,
        lists["ways"],
        lists["keywords"],
        place,
        texts["source"],
        texts["owner"],
        fields.get("urgent") is True,
    )
