"""Shows articles, groups of topics and offers as screens. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from bot.knowledge import Article, KnowledgeBase, SearchResult
from bot.messages.screen import Button, Line, Marked, Param, Rows, Screen, button

#: The button for each value of an article's `next` field.
NEXT_BUTTONS: dict[str, Button] = {
    "reissue": button("button.start", "begin"),
    "status": button("button.status", "status"),
    "mycert": button("button.mycert", "mycert"),
    "human": button("button.human", "human"),
}
FAQ = button("button.faq", "faq")
MAX_RELATED = 3
#: The list for an inline query, if the search has an answer. If not, the list is what a chat would offer.
MAX_LISTED = 5
MAX_SUMMARY_LENGTH = 110


@dataclass(frozen=True, slots=True)
class AnswerPreview:
    """An answer in a list. `lines` are posted when it is chosen."""

    topic: str
    title: str
    summary: str
    lines: tuple[Line, ...]


class Answers:
    """`knowledge` returns the current knowledge base: articles may change while the bot runs."""

    def __init__(self, knowledge: Callable[[], KnowledgeBase]) -> None:
        self._current = knowledge

    @property
    def knowledge(self) -> KnowledgeBase:
        return self._current()

    def article(
        self,
        topic: str,
        language: str,
        rated: str = "",
        *,
        other_topics: Sequence[str] = (),
        starts: bool = True,
    ) -> Screen:
        """Return the article, with buttons to other topics and a rating.

        `rated` is the token of the phrasing, sent back with the rating. `beside` are other topics of the same message.
        Without `starts` no reissue is offered, because one is open.
        """
        article = self.knowledge.article(topic, language)
        related = [other for other in article.related if other not in other_topics]
        rows: list[tuple[Button, ...]] = [(self.title(other, language),) for other in other_topics]
        if article.next_action in NEXT_BUTTONS and (starts or article.next_action != "reissue"):
            rows.append((NEXT_BUTTONS[article.next_action],))
        rows += [(self.title(other, language),) for other in related[: MAX_RELATED - len(other_topics)]]
        rating = f"{topic}:{rated}" if rated else topic
        rows.append((button("button.useful", f"useful:{rating}"), button("button.useless", f"useless:{rating}")))
        also = (Line("faq.beside"),) if other_topics else ()
        return Screen((*_lines(article, language), *also), tuple(rows))

    def offer(self, topics: Sequence[str], language: str) -> Screen:
        rows = tuple((self.title(topic, language),) for topic in topics)
        return Screen((Line("faq.maybe"),), (*rows, (NEXT_BUTTONS["human"],)))

    def unknown(self) -> Screen:
        return Screen((Line("faq.unknown"),), ((FAQ, NEXT_BUTTONS["human"]),))

    def title(self, topic: str, language: str) -> Button:
        title = self.knowledge.title(topic, language)
        return Button(Line("button.topic", {"title": title}), f"topic:{topic}")

    def groups(self, language: str) -> Screen:
        groups = self.knowledge.groups(language)
        rows = tuple((Button(Line("button.topic", {"title": each.title}), f"group:{each.id}"),) for each in groups)
        return Screen((Line("faq.groups"),), rows)

    def group(self, group_id: str, language: str) -> Screen:
        group = next((each for each in self.knowledge.groups(language) if each.id == group_id), None)
        if group is None:
            return self.groups(language)
        rows: Rows = tuple((self.title(topic, language),) for topic in group.topics)
        return Screen((Line("faq.group", {"title": group.title}),), (*rows, (FAQ,)))

    def search(self, text: str, language: str) -> tuple[AnswerPreview, ...]:
        """Return the likely answers, best first. For an empty text return every article, in the order of the groups."""
        topics = _likely(self.knowledge.find(text, language)) if text.strip() else self._all_topics(language)
        return tuple(self._entry(topic, language) for topic in topics)

    def _all_topics(self, language: str) -> Sequence[str]:
        return [topic for group in self.knowledge.groups(language) for topic in group.topics]

    def _entry(self, topic: str, language: str) -> AnswerPreview:
        article = self.knowledge.article(topic, language)
        lines = _lines(article, language)
        return AnswerPreview(topic, self.knowledge.title(topic, language), _summary(article.answer), lines)


def _likely(found: SearchResult) -> Sequence[str]:
    if found.topic is None:
        return found.offers
    return [each.topic for each in found.ranked[:MAX_LISTED]]


def _lines(article: Article, language: str) -> tuple[Line, ...]:
    params: dict[str, Param] = {"question": article.question, "answer": Marked(article.answer)}
    line = Line("faq.answer", params)
    return (line,) if article.language == language else (Line("faq.in_english"), line)


def _summary(answer: str) -> str:
    """Return the beginning of the first paragraph as plain text."""
    first = answer.strip().partition("\n\n")[0]
    plain = " ".join(first.replace("**", "").replace("`", "").split())
    return plain if len(plain) <= MAX_SUMMARY_LENGTH else f"{plain[:MAX_SUMMARY_LENGTH].rstrip()}…"
