"""Inline queries, the bot's offers for them, and the cache of offers."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import count

from handlers.local.wire.json_shapes import JSON

MAX_QUERY_CHARACTERS = 256  #: longer queries are truncated
MAX_QUERIES = 10_000

_Key = tuple[str, str, str, int | None]


@dataclass(frozen=True, slots=True)
class Result:
    """One result of an offer, and the content of the message that it sends."""

    id: str
    title: str
    description: str
    content: JSON  #: text, entities, reply_markup


@dataclass(frozen=True, slots=True)
class Offer:
    """The results of a query, as a person sees them."""

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
    chat_type: str  #: "sender" for the private chat with the bot
    text: str
    offset: str
    at: float

    def update(self, user: JSON) -> JSON:
        """The Bot API's InlineQuery (https://core.telegram.org/bots/api#inlinequery)."""
        return {
            "id": self.id,
            "from": user,
            "query": self.text,
            "offset": self.offset,
            "chat_type": self.chat_type,
        }

    def key(self, personal: bool) -> _Key:
        """The cache key. The type of the chat is part of it: the bot may answer by it."""
        return self.text.strip(), self.offset, self.chat_type, self.user_id if personal else None


class Queries:
    """A query is answered once, and only for `age` seconds."""

    def __init__(self, now: Callable[[], float], age: float, first: int) -> None:
        self._now = now
        self._age = age
        self._ids = count(first)
        self._asked: dict[str, Query] = {}
        self._offers: dict[str, Offer] = {}
        self._kept: dict[_Key, tuple[Offer, float]] = {}
        self._newest: dict[int, str] = {}

    def ask(self, user_id: int, chat: JSON, text: str, offset: str) -> Query:
        """Creates a query. A cached offer answers it at once."""
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
        """The query, if it can still be answered."""
        query = self._asked.get(query_id)
        if query is None or query_id in self._offers or self._now() - query.at > self._age:
            return None
        return query

    def answer(self, query: Query, offer: Offer, cache_seconds: int, personal: bool) -> None:
        """0 for `cache_seconds` caches nothing."""
        self._offers[query.id] = offer
        if cache_seconds:
            self._kept[query.key(personal)] = (offer, self._now() + cache_seconds)

    def offer(self, query_id: str, user_id: int) -> Offer | None:
        """The offer for this person's query; None for the query of another person."""
        query = self._asked.get(query_id)
        return self._offers.get(query_id) if query and query.user_id == user_id else None

    def is_newest(self, query_id: str, user_id: int) -> bool:
        """Whether the person typed nothing since: clients drop the offers of earlier queries."""
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
    """The `inline_message_id` of a message sent via the bot, which may not see that chat."""
    place = f"{message['chat']['id']}:{message['message_id']}"
    return urlsafe_b64encode(place.encode()).decode()


def place_of(inline_message_id: str) -> tuple[int, int] | None:
    """The chat id and message id in an `inline_message_id`, or None if it is invalid."""
    try:
        chat_id, _, message_id = urlsafe_b64decode(inline_message_id).decode().partition(":")
        return int(chat_id), int(message_id)
    except (binascii.Error, ValueError):
        return None
