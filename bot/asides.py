"""What the desk answers beside the case: questions, topics, languages, and the way to a human."""

from collections.abc import Callable
from dataclasses import dataclass

from bot.case import ENDED, Case
from bot.faq import Article, KnowledgeBase
from bot.move import Aside
from bot.screen import Button, Line, Marked, Param, Rows, Screen, Word, button
from bot.store.chats import Chat
from bot.store.database import Transaction
from bot.words import Words

#: What an article leads to next, as a button.
NEXT: dict[str, Button] = {
    "reissue": button("button.start", "begin"),
    "status": button("button.status", "status"),
    "mycert": button("button.mycert", "mycert"),
    "human": button("button.human", "human"),
}


@dataclass(frozen=True, slots=True)
class Told:
    screens: tuple[Screen, ...] = ()
    #: The language from now on, if it was changed.
    language: str | None = None
    #: What staff are told.
    staff: Line | None = None


class Asides:
    """`knowledge` gives the knowledge base of this moment: articles may change while we run."""

    def __init__(self, knowledge: Callable[[], KnowledgeBase], words: Words) -> None:
        self._now = knowledge
        self._words = words

    @property
    def _knowledge(self) -> KnowledgeBase:
        return self._now()

    def language(self, tag: str | None) -> str:
        """Return the language to begin with, from the messenger's IETF tag; Korean where we have no other hint."""
        code = (tag or "ko").split("-")[0].lower()
        return code if code in self._words.languages else "en"

    def button_named(self, text: str, screen: Screen, language: str) -> str | None:
        """Return the token of the button that says just this: not everybody taps."""
        wanted = _folded(text)
        for each in (each for row in screen.rows for each in row):
            if _folded(self._words.text(language, each.label)) == wanted:
                return each.token
        return None

    def ponder(self, text: str) -> None:
        self._knowledge.find(text, "")

    def is_question(self, text: str, language: str) -> bool:
        return self._knowledge.looks_like_question(text, language)

    def aside(self, tx: Transaction, chat: Chat, case: Case, aside: Aside) -> Told:
        match aside.kind:
            case "question":
                return Told((self._answer(aside.value, chat.language, case),))
            case "topic" if aside.value in self._knowledge.topics():
                return Told((self._article(aside.value, chat.language, case),))
            case "group":
                return Told((self._group(aside.value, chat.language),))
            case "language":
                return self._language(tx, chat, aside.value)
            case "human":
                return self._human(case)
            case "useful" | "useless" if aside.value in self._knowledge.topics():
                tx.run("useful_count", topic=aside.value, useful=int(aside.kind == "useful"))
                return Told((Screen((Line(f"faq.{aside.kind}"),), ((NEXT["human"],),)),))
            case _:
                return Told((self._groups(chat.language),))

    def _answer(self, text: str, language: str, case: Case) -> Screen:
        finding = self._knowledge.find(text, language)
        if finding.topic is not None:
            return self._article(finding.topic, language, case)
        if finding.zone == "maybe":
            rows = tuple((self._title(topic, language),) for topic in finding.offers)
            return Screen((Line("faq.maybe"),), (*rows, (NEXT["human"],)))
        return Screen((Line("faq.unknown"),), ((button("button.faq", "faq"), NEXT["human"]),))

    def _article(self, topic: str, language: str, case: Case) -> Screen:
        article = self._knowledge.article(topic, language)
        rows: list[tuple[Button, ...]] = [(self._title(other, language),) for other in article.related[:3]]
        action = _next_action(article, case)
        if action is not None:
            rows.insert(0, (action,))
        rows.append(
            (button("button.useful", f"useful:{topic}"), button("button.useless", f"useless:{topic}"))
        )
        params: dict[str, Param] = {"question": article.question, "answer": Marked(article.answer)}
        lines: tuple[Line, ...] = (Line("faq.answer", params),)
        if article.language != language:
            lines = (Line("faq.in_english"), *lines)
        return Screen(lines, tuple(rows))

    def _title(self, topic: str, language: str) -> Button:
        title = self._knowledge.title(topic, language)
        return Button(Line("button.topic", {"title": title}), f"topic:{topic}")

    def _groups(self, language: str) -> Screen:
        groups = self._knowledge.groups(language)
        rows = tuple(
            (Button(Line("button.topic", {"title": each.title}), f"group:{each.id}"),) for each in groups
        )
        return Screen((Line("faq.groups"),), rows)

    def _group(self, group_id: str, language: str) -> Screen:
        group = next((each for each in self._knowledge.groups(language) if each.id == group_id), None)
        if group is None:
            return self._groups(language)
        rows: Rows = tuple((self._title(topic, language),) for topic in group.topics)
        return Screen((Line("faq.group", {"title": group.title}),), (*rows, (button("button.faq", "faq"),)))

    def _language(self, tx: Transaction, chat: Chat, code: str) -> Told:
        if code not in self._words.languages:
            rows = tuple((button(f"language.{each}", f"language:{each}"),) for each in self._words.languages)
            return Told((Screen((Line("language.ask"),), rows),))
        tx.run("chat_speak", chat_id=chat.chat_id, language=code)
        return Told((Screen((Line("language.set"),)),), language=code)

    def _human(self, case: Case) -> Told:
        params: dict[str, Param] = {"receipt": case.receipt or "-", "phase": Word(f"phase.{case.phase}")}
        return Told((Screen((Line("human.text"),)),), staff=Line("staff.wanted", params))


def _next_action(article: Article, case: Case) -> Button | None:
    """Return the article's next step; a reissue that is under way needs no second start."""
    if article.next_action == "reissue" and case.phase not in ENDED:
        return None
    return NEXT.get(article.next_action)


def _folded(text: str) -> str:
    return "".join(text.split()).casefold()
