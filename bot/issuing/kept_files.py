"""Encrypted files that are kept for a while and then erased: a new key until it is certified, the customer's files."""

from datetime import datetime

from bot.storage.database import Transaction
from bot.storage.sealing import Sealing


class KeptFiles:
    def __init__(self, sealing: Sealing) -> None:
        self._sealing = sealing

    def put(self, tx: Transaction, request_id: str, name: str, chat_id: int, content: bytes, until: datetime) -> None:
        """Store this unless the name is taken: the first content counts, with the longer lifetime."""
        sealed = self._sealing.seal(content, table="keeps", column=name, row=request_id)
        params = {"request_id": request_id, "name": name, "chat_id": chat_id}
        tx.write("keep_put", sealed=sealed, until=until.timestamp(), **params)

    def load(self, tx: Transaction, request_id: str, name: str, now: datetime) -> bytes | None:
        row = tx.row("keep_load", request_id=request_id, name=name)
        if row is None or row["until"] <= now.timestamp():
            return None
        return self._sealing.open(row["sealed"], table="keeps", column=name, row=request_id)

    def erase(self, tx: Transaction, request_id: str, name: str) -> None:
        tx.write("keep_erase", request_id=request_id, name=name)

    def lapse(self, tx: Transaction, now: datetime) -> int:
        return tx.run("keep_lapse", now=now.timestamp())
