"""The customer's addresses beside the chat: those of the register, without those that bounced."""

from collections.abc import Collection
from datetime import datetime
from typing import Literal

from bot.identity.register import CustomerRecord
from bot.storage.database import Transaction
from bot.storage.sealing import Sealing

Way = Literal["sms", "mail"]
WAYS: tuple[Way, ...] = ("sms", "mail")


class Addresses:
    def __init__(self, sealing: Sealing, carried: Collection[Way] = WAYS) -> None:
        """`carried` are the channels that this bank has."""
        self._sealing = sealing
        self._carried = carried

    def of(self, tx: Transaction, record: CustomerRecord | None) -> dict[Way, str]:
        """Return the addresses that are worth a try, the phone first."""
        if record is None:
            return {}
        known: dict[Way, str] = {"sms": record.phone, "mail": record.email}
        return {
            way: address
            for way, address in known.items()
            if address and way in self._carried and not self._is_bad(tx, way, address)
        }

    def bounced(self, tx: Transaction, way: Way, address: str, now: datetime) -> bool:
        """Store that this address bounced; return whether that is new. A new address in the register is unaffected."""
        return tx.run("bounce_add", address=self._digest(way, address), now=now.timestamp()) == 1

    def _is_bad(self, tx: Transaction, way: Way, address: str) -> bool:
        return tx.row("bounce_load", address=self._digest(way, address)) is not None

    def _digest(self, way: Way, address: str) -> bytes:
        return self._sealing.digest(f"bounces.{way}", address)
