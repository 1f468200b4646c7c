"""What the knowledge base left open: counted for those who keep the articles, and nothing that names a person.

A text itself is never kept. Known of it are the topic that came nearest, the nearest of our own ways of asking, and
its words, each of them only once several chats have used it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.storage.database import Transaction
from bot.storage.sealing import Sealing

Kind = Literal["unanswered", "offered", "useless"]

#: A word of fewer chats may be somebody's name.
FEWEST_CHATS = 5
#: What a report shows: all of it must fit one message.
TOPICS = 7
WAYS = 2
WORDS = 6


@dataclass(frozen=True, slots=True)
class Question:
    """What is kept of one: `words` in memory only, until several chats have used them."""

    topic: str
    language: str
    likest: str
    words: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """All that was left open near one topic."""

    topic: str
    unanswered: int
    offered: int
    useless: int
    useful: int
    #: Our own ways of asking that came nearest, the commonest first, and how often.
    ways: tuple[tuple[str, int], ...]
    #: Words that several chats used, and how many.
    words: tuple[tuple[str, int], ...]


class Gaps:
    def __init__(self, sealing: Sealing) -> None:
        self._sealing = sealing

    def add(self, tx: Transaction, kind: Kind, question: Question, chat_id: int, now: datetime) -> None:
        moment = now.timestamp()
        params = {"topic": question.topic, "language": question.language, "likest": question.likest}
        tx.write("gap_add", kind=kind, now=moment, **params)
        self._words(tx, question, chat_id, moment)

    def _words(self, tx: Transaction, question: Question, chat_id: int, moment: float) -> None:
        for word in question.words:
            digest = self._sealing.digest("gap word", word)
            chat = self._sealing.digest("gap chat", f"{chat_id} {word}")
            tx.write("gap_word_add", topic=question.topic, word=digest, chat=chat, now=moment)
            row = tx.row("gap_word_chats", topic=question.topic, word=digest)
            if row is not None and row["chats"] >= FEWEST_CHATS:
                tx.write("gap_word_share", topic=question.topic, word=word, chats=row["chats"], now=moment)

    def forget(self, tx: Transaction, before: datetime) -> None:
        for query in ("gap_forget", "gap_word_forget", "gap_shared_forget"):
            tx.write(query, before=before.timestamp())


def report(tx: Transaction, most: int = TOPICS) -> list[Gap]:
    """Return the topics with most left open first."""
    return [_gap(tx, row["topic"]) for row in tx.rows("gap_topics", most=most)]


def _gap(tx: Transaction, topic: str) -> Gap:
    kinds = {row["kind"]: int(row["times"]) for row in tx.rows("gap_kinds", topic=topic)}
    useful = tx.row("useful_times", topic=topic)
    return Gap(
        topic,
        kinds.get("unanswered", 0),
        kinds.get("offered", 0),
        kinds.get("useless", 0),
        useful["times"] if useful else 0,
        tuple((row["likest"], int(row["times"])) for row in tx.rows("gap_ways", topic=topic, most=WAYS)),
        tuple((row["word"], row["chats"]) for row in tx.rows("gap_words", topic=topic, most=WORDS)),
    )
