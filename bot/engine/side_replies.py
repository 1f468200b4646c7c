"""Replies beside the case: questions, topics, languages, and the way to a human."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from bot.conversation.case import ENDED, Case, Phase
from bot.conversation.chats import Chat
from bot.conversation.transition import SideRequest
from bot.conversation.turns.lookups import status_lines
from bot.engine.delivery_report import every, latest
from bot.knowledge import MAX_OFFERS, SearchResult, phrasing_token, tokenise
from bot.knowledge.answers import NEXT_BUTTONS, Answers
from bot.knowledge.gaps import Gap, Gaps, Kind, Question, report
from bot.messages.catalog import Catalogs
from bot.messages.outgoing import Message
from bot.messages.screen import Line, Moment, Param, Screen, Word, button
from bot.queues.outbox import Outbox
from bot.reminders.service import Reminders
from bot.storage.database import Transaction

#: How much of a question staff are shown.
MAX_PHRASING_LETTERS = 60
#: Of a case that is there, a result was told.
DECIDED = frozenset({Phase.ENROLLED, Phase.ISSUING, Phase.ISSUED, Phase.REFUSED, Phase.CLOSED})


@dataclass(frozen=True, slots=True)
class SideReply:
    screens: tuple[Screen, ...] = ()
    #: The new language, if it was changed.
    language: str | None = None
    #: The line for staff.
    staff: Line | None = None
    #: A message beside the screens.
    message: Message | None = None


class SideReplies:
    def __init__(self, answers: Answers, catalogs: Catalogs, gaps: Gaps, reminders: Reminders, outbox: Outbox) -> None:
        self._answers = answers
        self._catalogs = catalogs
        self._gaps = gaps
        self._reminders = reminders
        self._outbox = outbox

    def language(self, tag: str | None) -> str:
        """Return the first language of a chat, from the messenger's IETF tag."""
        return self._catalogs.nearest(tag)

    def button_named(self, text: str, screen: Screen, language: str) -> str | None:
        """Return the token of the button with this label: some customers type instead of tapping."""
        wanted = _folded(text)
        for each in (each for row in screen.rows for each in row):
            if _folded(self._catalogs.text(language, each.label)) == wanted:
                return each.token
        return None

    def is_slow_to_search(self, text: str) -> bool:
        return self._answers.knowledge.is_slow_to_search(text)

    def look_up_ahead(self, text: str) -> None:
        self._answers.knowledge.other_topics(text)

    def is_question(self, text: str, language: str) -> bool:
        return self._answers.knowledge.looks_like_question(text, language)

    def gaps(self, tx: Transaction) -> Screen:
        """Return the unanswered questions, for staff."""
        found = report(tx)
        if not found:
            return Screen((Line("staff.gaps.none"),))
        return Screen((Line("staff.gaps"), *map(self._gap, found)))

    def aside(  # noqa: PLR0911 — one arm a kind
        self, tx: Transaction, chat: Chat, case: Case, aside: SideRequest, now: datetime
    ) -> SideReply:
        topic, _, rated = aside.value.partition(":")
        known = topic in self._answers.knowledge.topics()
        match aside.kind:
            case "question":
                return SideReply((self._question(tx, chat, case, aside.value, now),))
            case "topic" if known:
                return SideReply((self._article(topic, chat, case),))
            case "group":
                return SideReply((self._answers.group(aside.value, chat.language),))
            case "language":
                return self._language(tx, chat, aside.value)
            case "human":
                return self._human(case)
            case "status":
                return SideReply((self._status(tx, case, now),))
            case "remind":
                screen, file = self._reminders.tapped(tx, chat, aside.value, now)
                return SideReply((screen,) if screen else (), message=file)
            case "useful" | "useless" if known:
                self._rated(tx, chat, topic, rated, now, useful=aside.kind == "useful")
                return SideReply((Screen((Line(f"faq.{aside.kind}"),), ((NEXT_BUTTONS["human"],),)),))
            case _:
                return SideReply((self._answers.groups(chat.language),))

    def _status(self, tx: Transaction, case: Case, now: datetime) -> Screen:
        lines = status_lines(case)
        if case.phase in DECIDED and case.receipt:
            lines += latest(self._outbox.traces(tx, case.request_id), now)
        return Screen(lines)

    def looked_up(self, tx: Transaction, receipt: str, now: datetime) -> tuple[Screen, int | None]:
        """Return what staff may know of an application, and its chat, if the receipt number exists."""
        row = tx.row("application_of_receipt", receipt=receipt.strip().upper())
        if row is None:
            return Screen((Line("staff.case.none"),)), None
        outcome = row["outcome"]
        state = {None: "waiting", "approved": "approved", "issued": "issued"}.get(outcome, "refused")
        at = row["issued_at"] or row["decided_at"] or row["submitted_at"]
        params: dict[str, Param] = {
            "receipt": row["receipt"],
            "state": Word(f"staff.case.{state}"),
            "submitted": Moment(datetime.fromtimestamp(row["submitted_at"], UTC)),
            "at": Moment(datetime.fromtimestamp(at, UTC)),
        }
        lines = [Line("staff.case", params)]
        if state == "refused":
            lines.append(Line("staff.case.code", {"code": outcome}))
        if outcome is not None:
            lines += every(self._outbox.traces(tx, row["request_id"]), now)
        return Screen((*lines, Line("staff.case.reply"))), row["chat_id"]

    def _question(self, tx: Transaction, chat: Chat, case: Case, text: str, now: datetime) -> Screen:
        found = self._answers.knowledge.find(text, chat.language)
        other_topics = self._answers.knowledge.other_topics(text)
        if found.topic is not None:
            return self._article(found.topic, chat, case, phrasing_token(found.nearest_phrasing), other_topics)
        if found.ranked:
            self._left_open(tx, chat, found, text, now)
        offers = tuple(dict.fromkeys((*other_topics, *found.offers)))[:MAX_OFFERS]
        return self._answers.offer(offers, chat.language) if offers else self._answers.unknown()

    def _left_open(self, tx: Transaction, chat: Chat, found: SearchResult, text: str, now: datetime) -> None:
        kind: Kind = "offered" if found.zone == "maybe" else "unanswered"
        question = Question(found.ranked[0].topic, chat.language, found.nearest_phrasing, tokenise(text))
        self._gaps.add(tx, kind, question, chat.chat_id, now)

    def _rated(self, tx: Transaction, chat: Chat, topic: str, name: str, now: datetime, *, useful: bool) -> None:
        tx.run("useful_count", topic=topic, useful=int(useful))
        if not useful:
            nearest_phrasing = self._answers.knowledge.way(name)
            self._gaps.add(tx, "useless", Question(topic, chat.language, nearest_phrasing), chat.chat_id, now)

    def _article(self, topic: str, chat: Chat, case: Case, rated: str = "", other_topics: Sequence[str] = ()) -> Screen:
        """A reissue that is under way needs no second start."""
        starts = case.phase in ENDED
        return self._answers.article(topic, chat.language, rated, other_topics=other_topics, starts=starts)

    def _gap(self, gap: Gap) -> Line:
        language = self._catalogs.default
        known = gap.topic in self._answers.knowledge.topics()
        title = self._answers.knowledge.title(gap.topic, language) if known else gap.topic
        more = [Line("staff.gaps.way", {"way": _shortened(way), "times": times}) for way, times in gap.ways]
        if gap.words:
            told = ", ".join(f"{word} ({chats})" for word, chats in gap.words)
            more.append(Line("staff.gaps.words", {"words": told}))
        counts = {name: getattr(gap, name) for name in ("unanswered", "offered", "useless", "useful")}
        below = "".join(f"\n{self._catalogs.text(language, line)}" for line in more)
        return Line("staff.gaps.topic", {"title": title, "topic": gap.topic, "more": below, **counts})

    def _language(self, tx: Transaction, chat: Chat, code: str) -> SideReply:
        if code not in self._catalogs.languages:
            rows = tuple((button(f"language.{each}", f"language:{each}"),) for each in self._catalogs.languages)
            return SideReply((Screen((Line("language.ask"),), rows),))
        tx.run("chat_speak", chat_id=chat.chat_id, language=code)
        return SideReply((Screen((Line("language.set"),)),), language=code)

    def _human(self, case: Case) -> SideReply:
        params: dict[str, Param] = {"receipt": case.receipt or "-", "phase": Word(f"phase.{case.phase}")}
        return SideReply((Screen((Line("human.text"),)),), staff=Line("staff.wanted", params))


def _folded(text: str) -> str:
    return "".join(text.split()).casefold()


def _shortened(phrasing: str) -> str:
    return phrasing if len(phrasing) <= MAX_PHRASING_LETTERS else f"{phrasing[:MAX_PHRASING_LETTERS]}…"
