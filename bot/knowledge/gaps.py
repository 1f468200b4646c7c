"""Counts unanswered questions for the editors of the articles, without personal data.

The text of a question is never stored. Stored are the nearest topic, the nearest known phrasing, and single words: as
digests at first, and readable only after several chats used the word.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from bot.storage.database import Transaction
from bot.storage.sealing import Sealing

Kind = Literal["unanswered", "offered", "useless"]

#: A word that fewer chats used may be a person's name.
MIN_CHATS = 5
#: Limits of a report, which must fit into one message.
MAX_TOPICS = 7
MAX_PHRASINGS = 2
MAX_WORDS = 6


@dataclass(frozen=True, slots=True)
class Question:
    """The stored part of a question. `words` are stored as digests until several chats used them."""

    topic: str
    language: str
    nearest_phrasing: str
    words: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Gap:
    """The unanswered questions of one topic, and its ratings."""

    topic: str
    unanswered: int
    offered: int
    useless: int
    useful: int
    #: The nearest known phrasings and how often each was nearest, the most frequent first.
    ways: tuple[tuple[str, int], ...]
    #: Words that several chats used, and how many chats.
    words: tuple[tuple[str, int], ...]


class Gaps:
    def __init__(self, sealing: Sealing) -> None:
        self._sealing = sealing

    def add(self, tx: Transaction, kind: Kind, question: Question, chat_id: int, now: datetime) -> None:
        timestamp = now.timestamp()
        params = {"topic": question.topic, "language": question.language, "likest": question.nearest_phrasing}
        tx.write("gap_add", kind=kind, now=timestamp, **params)
        self._add_words(tx, question, chat_id, timestamp)

    def _add_words(self, tx: Transaction, question: Question, chat_id: int, timestamp: float) -> None:
        for word in question.words:
            digest = self._sealing.digest("gap word", word)
            chat = self._sealing.digest("gap chat", f"{chat_id} {word}")
            tx.write("gap_word_add", topic=question.topic, word=digest, chat=chat, now=timestamp)
            row = tx.row("gap_word_chats", topic=question.topic, word=digest)
            if row is not None and row["chats"] >= MIN_CHATS:
                tx.write("gap_word_share", topic=question.topic, word=word, chats=row["chats"], now=timestamp)

    def forget(self, tx: Transaction, before: datetime) -> None:
        for query in ("gap_forget", "gap_word_forget", "gap_shared_forget"):
            tx.write(query, before=before.timestamp())


def report(tx: Transaction, max_topics: int = MAX_TOPICS) -> list[Gap]:
    """Return the topics with the most unanswered questions first."""
    return [_gap(tx, row["topic"]) for row in tx.rows("gap_topics", most=max_topics)]


def _gap(tx: Transaction, topic: str) -> Gap:
    kinds = {row["kind"]: int(row["times"]) for row in tx.rows("gap_kinds", topic=topic)}
    useful = tx.row("useful_times", topic=topic)
    return Gap(
        topic,
        kinds.get("unanswered", 0),
        kinds.get("offered", 0),
        kinds.get("useless", 0),
        useful["times"] if useful else 0,
        tuple((row["likest"], int(row["times"])) for row in tx.rows("gap_ways", topic=topic, most=MAX_PHRASINGS)),
        tuple((row["word"], row["chats"]) for row in tx.rows("gap_words", topic=topic, most=MAX_WORDS)),
    )
