"""Chats and the case in each: one row, so that one event is one write."""

from dataclasses import dataclass
from datetime import datetime

import msgspec

from bot.case import Case
from bot.store.database import Transaction
from bot.store.sealing import Sealing


@dataclass(frozen=True, slots=True)
class Chat:
    chat_id: int
    language: str
    case: Case
    #: The message that shows the present screen.
    card: int | None = None
    #: The newest message that stays in the chat; the present screen is edited only while nothing stands below it.
    last: int = 0
    #: A reply keyboard is open, and has to be put away.
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
        body = self._sealing.open(row["sealed_case"], table="chats", column="case", row=str(chat_id))
        case = self._decoder.decode(body)
        return Chat(
            chat_id,
            row["language"],
            case,
            row["card"],
            row["last"],
            bool(row["keyboard"]),
            bool(row["blocked"]),
        )

    def add(self, tx: Transaction, chat: Chat, now: datetime) -> None:
        tx.run("chat_add", language=chat.language, **self._case(chat.case, now))

    def save_case(self, tx: Transaction, case: Case, now: datetime) -> None:
        tx.run("chat_save_case", **self._case(case, now))

    def _case(self, case: Case, now: datetime) -> dict[str, object]:
        body = msgspec.json.encode(case)
        sealed = self._sealing.seal(body, table="chats", column="case", row=str(case.chat_id))
        return {
            "chat_id": case.chat_id,
            "sealed_case": sealed,
            "phase": case.phase.value,
            "now": now.timestamp(),
        }
