"""Inline queries: who typed what where, what the bot offers for it, and which offers serve again without the bot."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count

from handlers.local.wire.json_shapes import JSON

MAX_QUERY_CHARACTERS = 256  #: characters that reach the bot; what is typed beyond them is cut off
MAX_QUERIES = 10_000

_Key = tuple[str, str, str, int | None]


@dataclass(frozen=True, slots=True)
class Result:
    """One line of an offer, and the content of the message that it becomes when it is picked."""

    id: str
    title: str
    description: str
    content: JSON  #: text, entities, reply_markup


@dataclass(frozen=True, slots=True)
class Offer:
    """What a person is shown for a query."""

    query_id: str
    query: str
    results: tuple[Result, ...]
    button: JSON | None  #: text, and start_parameter or web_app
    next_offset: str

    @property
    def titles(self) -> tuple[str, ...]:
        return tuple(result.title for result in self.results)


@dataclass(frozen=True, slots=True)
class Query:
    id: str
    user_id: int
    chat_id: int
    chat_type: str  #: "sender" for the person's own chat with the bot
    text: str
    offset: str
    at: float

    def update(self, user: JSON) -> JSON:
        """As the Bot API's InlineQuery (https://core.telegram.org/bots/api#inlinequery)."""
        return {
            "id": self.id,
            "from": user,
            "query": self.text,
            "offset": self.offset,
            "chat_type": self.chat_type,
        }

    def key(self, personal: bool) -> _Key:
        """By what an offer is kept: the kind of chat counts, as the bot is told it and may answer by it."""
        return self.text.strip(), self.offset, self.chat_type, self.user_id if personal else None


class Queries:
    """A query is answered once, and only while it is young."""

    def __init__(self, now: Callable[[], float], age: float, first: int) -> None:
        self._now = now
        self._age = age
        self._ids = count(first)
        self._asked: dict[str, Query] = {}
        self._offers: dict[str, Offer] = {}
        self._kept: dict[_Key, tuple[Offer, float]] = {}
        self._newest: dict[int, str] = {}

    def ask(self, user_id: int, chat: JSON, text: str, offset: str) -> Query:
        """A new query; it has its offer at once where one is kept."""
        chat_type = "sender" if chat["type"] == "private" else str(chat["type"])
        query_id = str(next(self._ids))
        query = Query(query_id, user_id, chat["id"], chat_type, text[:MAX_QUERY_CHARACTERS], offset, self._now())
        self._asked[query_id] = query
        self._newest[user_id] = query_id
        kept = self._fresh(query)
        if kept is not None:
            self._offers[query_id] = replace(kept, query_id=query_id)
        self._forget()
        return query

    def waiting(self, query_id: str) -> Query | None:
        """The query if it may be answered now."""
        query = self._asked.get(query_id)
        if query is None or query_id in self._offers or self._now() - query.at > self._age:
            return None
        return query

    def answer(self, query: Query, offer: Offer, cache_seconds: int, personal: bool) -> None:
        """`kept_for` is in seconds; 0 keeps nothing."""
        self._offers[query.id] = offer
        if cache_seconds:
            self._kept[query.key(personal)] = (offer, self._now() + cache_seconds)

    def offer(self, query_id: str, user_id: int) -> Offer | None:
        """What that person was offered; nothing for somebody else's query."""
        query = self._asked.get(query_id)
        return self._offers.get(query_id) if query and query.user_id == user_id else None

    def is_newest(self, query_id: str, user_id: int) -> bool:
        """Whether the person has typed nothing since: clients drop what came for an earlier query."""
        return self._newest.get(user_id) == query_id

    def _fresh(self, query: Query) -> Offer | None:
        for personal in (True, False):
            offer, until = self._kept.get(query.key(personal), (None, 0.0))
            if offer is not None and self._now() < until:
                return offer
        return None

    def _forget(self) -> None:
        if len(self._asked) > MAX_QUERIES:
            oldest = next(iter(self._asked))
            del self._asked[oldest]
            self._offers.pop(oldest, None)
        if len(self._kept) > MAX_QUERIES:
            del self._kept[next(iter(self._kept))]


def inline_id(message: JSON) -> str:
    """The name under which the bot knows a message that was sent via it: it may not see that chat."""
    place = f"{message['chat']['id']}:{message['message_id']}"
    return urlsafe_b64encode(place.encode()).decode()


def place_of(inline_message_id: str) -> tuple[int, int] | None:
    """Chat and message behind such a name; None if it is no such name."""
    try:
        chat_id, _, message_id = urlsafe_b64decode(inline_message_id).decode().partition(":")
        return int(chat_id), int(message_id)
    except (binascii.Error, ValueError):
        return None
