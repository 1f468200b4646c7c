"""Chats and the case in each: one row, so that one event is one write."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import msgspec

from bot.conversation.case import Case
from bot.messages.outgoing import ChatTarget
from bot.storage.database import Transaction
from bot.storage.sealing import UNREADABLE, Sealing


@dataclass(frozen=True, slots=True)
class Chat:
    chat_id: int
    language: str
    case: Case
    #: The message that shows the current screen.
    card: int | None = None
    #: The newest message that stays in the chat; the current screen is edited only while nothing stands below it.
    last: int = 0
    #: A reply keyboard is open, and must be removed.
    keyboard: bool = False
    blocked: bool = False


class Chats:
    def __init__(self, sealing: Sealing) -> None:
        self._sealing = sealing
        self._decoder = msgspec.json.Decoder(Case)

    def load(self, tx: Transaction, chat_id: int) -> Chat | None:
        row = tx.row("chat_load", chat_id=chat_id)
        if row is None:
            return None
        return Chat(
            chat_id,
            row["language"],
            self._opened(chat_id, row["sealed_case"]),
            row["card"],
            row["last"],
            bool(row["keyboard"]),
            bool(row["blocked"]),
        )

    def place(self, tx: Transaction, chat_id: int) -> ChatTarget | None:
        row = tx.row("chat_place", chat_id=chat_id)
        if row is None:
            return None
        return ChatTarget(row["language"], row["card"], row["last"], bool(row["blocked"]))

    def add(self, tx: Transaction, chat: Chat, now: datetime) -> None:
        tx.write("chat_add", language=chat.language, **self._case(chat.case, now))

    def save_case(self, tx: Transaction, case: Case, now: datetime) -> None:
        tx.write("chat_save_case", **self._case(case, now))

    def every_case(self, tx: Transaction) -> Iterator[Case]:
        """Yield the case of every chat; a damaged one is skipped, so that it does not stop the others."""
        for row in tx.rows("chats_all"):
            try:
                yield self._opened(row["chat_id"], row["sealed_case"])
            except UNREADABLE:
                continue

    def put_cases(self, tx: Transaction, cases: Iterable[Case]) -> None:
        """Save cases in which nothing has changed that a customer would notice."""
        rows = ({"chat_id": each.chat_id, "sealed_case": self._sealed(each)} for each in cases)
        tx.run_many("chat_put_case", rows)

    def _opened(self, chat_id: int, sealed: bytes) -> Case:
        return self._decoder.decode(self._sealing.open(sealed, table="chats", column="case", row=str(chat_id)))

    def _sealed(self, case: Case) -> bytes:
        body = msgspec.json.encode(case)
        return self._sealing.seal(body, table="chats", column="case", row=str(case.chat_id))

    def _case(self, case: Case, now: datetime) -> dict[str, object]:
        return {
            "chat_id": case.chat_id,
            "sealed_case": self._sealed(case),
            "phase": case.phase.value,
            "now": now.timestamp(),
        }
