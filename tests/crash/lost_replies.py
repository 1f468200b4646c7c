"""Which messages the bot never had a receipt for: if these come twice, the bot did nothing wrong."""

from handlers.local import LocalMessenger
from handlers.local.wire.faults import Fault, FaultInjector
from handlers.local.wire.json_shapes import JSON


class Noting(FaultInjector):
    """Dice that remember what they decided for the last call."""

    __slots__ = ("last",)

    def call(self, method: str) -> Fault | None:
        self.last = super().call(method)
        return self.last


class Hearing:
    """Chat and number of each message whose reply was lost."""

    def __init__(self, messenger: LocalMessenger) -> None:
        """Call before the messenger starts."""
        plain = messenger._injector
        self._injector = messenger._injector = Noting(plain.faults, plain.random, plain.played)
        self._injector.last = None
        self.unheard: set[tuple[int, int]] = set()

    def notes(self, change: JSON) -> None:
        message = change.get("message", {})
        if self._injector.last is Fault.LOSE and message.get("from", {}).get("is_bot") and "edit_date" not in message:
            self.unheard.add((change["chat"], message["message_id"]))
