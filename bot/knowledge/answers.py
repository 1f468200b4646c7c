"""What the knowledge base says, as screens: articles, the shelves they stand on, and what to go on to. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.knowledge import Article, Finding, KnowledgeBase
from bot.messages.screen import Button, Line, Marked, Param, Rows, Screen, button

#: What an article leads to next, as a button.
NEXT: dict[str, Button] = {
    "reissue": button("button.start", "begin"),
    "status": button("button.status", "status"),
    "mycert": button("button.mycert", "mycert"),
    "human": button("button.human", "human"),
}
FAQ = button("button.faq", "faq")
RELATED = 3
#: An answer that is sure is listed with what else it may be; one that is not, with as much as a chat would offer.
LISTED = 5
#: How much of an answer stands beneath its title in a list.
GIST_LETTERS = 110


@dataclass(frozen=True, slots=True)
class Entry:
    """An answer in a list of answers: to choose it is to post its lines."""

    topic: str
    title: str
    gist: str
    lines: tuple[Line, ...]


class Answers:
    """`knowledge` gives the knowledge base of this moment: articles may change while we run."""

    def __init__(self, knowledge: Callable[[], KnowledgeBase]) -> None:
        self._now = knowledge

    @property
    def knowledge(self) -> KnowledgeBase:
        return self._now()

    def article(
        self,
        topic: str,
        language: str,
        rated: str = "",
        *,
        beside: Sequence[str] = (),
        starts: bool = True,
    ) -> Screen:
        """`rated` goes with the word on whether it helped. Without `starts` none is offered: one is under way.

        `beside` is what was asked for in the same message.
        """
        article = self.knowledge.article(topic, language)
        related = [other for other in article.related if other not in beside]
        rows: list[tuple[Button, ...]] = [(self.title(other, language),) for other in beside]
        if article.next_action in NEXT and (starts or article.next_action != "reissue"):
            rows.append((NEXT[article.next_action],))
        rows += [(self.title(other, language),) for other in related[: RELATED - len(beside)]]
        of = f"{topic}:{rated}" if rated else topic
        rows.append((button("button.useful", f"useful:{of}"), button("button.useless", f"useless:{of}")))
        also = (Line("faq.beside"),) if beside else ()
        return Screen((*_lines(article, language), *also), tuple(rows))

    def offer(self, topics: Sequence[str], language: str) -> Screen:
        rows = tuple((self.title(topic, language),) for topic in topics)
        return Screen((Line("faq.maybe"),), (*rows, (NEXT["human"],)))

    def unknown(self) -> Screen:
        return Screen((Line("faq.unknown"),), ((FAQ, NEXT["human"]),))

    def title(self, topic: str, language: str) -> Button:
        title = self.knowledge.title(topic, language)
        return Button(Line("button.topic", {"title": title}), f"topic:{topic}")

    def groups(self, language: str) -> Screen:
        groups = self.knowledge.groups(language)
        rows = tuple(
            (Button(Line("button.topic", {"title": each.title}), f"group:{each.id}"),) for each in groups
        )
        return Screen((Line("faq.groups"),), rows)

    def group(self, group_id: str, language: str) -> Screen:
        group = next((each for each in self.knowledge.groups(language) if each.id == group_id), None)
        if group is None:
            return self.groups(language)
        rows: Rows = tuple((self.title(topic, language),) for topic in group.topics)
        return Screen((Line("faq.group", {"title": group.title}),), (*rows, (FAQ,)))

    def listed(self, text: str, language: str) -> tuple[Entry, ...]:
        """Return what may answer this, the likeliest first; all there is, as it is browsed, for no text."""
        topics = _likely(self.knowledge.find(text, language)) if text.strip() else self._browsed(language)
        return tuple(self._entry(topic, language) for topic in topics)

    def _browsed(self, language: str) -> Sequence[str]:
        return [topic for group in self.knowledge.groups(language) for topic in group.topics]

    def _entry(self, topic: str, language: str) -> Entry:
        article = self.knowledge.article(topic, language)
        lines = _lines(article, language)
        return Entry(topic, self.knowledge.title(topic, language), _gist(article.answer), lines)


def _likely(found: Finding) -> Sequence[str]:
    if found.topic is None:
        return found.offers
    return [match.topic for match in found.ranked[:LISTED]]


def _lines(article: Article, language: str) -> tuple[Line, ...]:
    params: dict[str, Param] = {"question": article.question, "answer": Marked(article.answer)}
    line = Line("faq.answer", params)
    return (line,) if article.language == language else (Line("faq.in_english"), line)


def _gist(answer: str) -> str:
    """An answer says first what matters most."""
    first = answer.strip().partition("\n\n")[0]
    plain = " ".join(first.replace("**", "").replace("`", "").split())
    return plain if len(plain) <= GIST_LETTERS else f"{plain[:GIST_LETTERS].rstrip()}…"
