"""One chat as the server stores it: members, messages, the open keyboard."""

from collections import deque
from collections.abc import Iterator
from itertools import islice

from handlers.local.wire.json_shapes import JSON
from handlers.local.wire.wakeup import Wakeup
from handlers.local.world.persona import Persona

MAX_TEXT_HASHES = 10_000


class Chat:
    """Messages are never changed in place: an edit stores a new one under the same id."""

    __slots__ = (
        "action",
        "answers",
        "blocked",
        "brief",
        "id",
        "kept",
        "keyboard",
        "members",
        "messages",
        "started",
        "texts",
        "uneditable",
        "wakeup",
    )

    def __init__(self, brief: JSON, members: dict[int, Persona], kept: int) -> None:
        self.id: int = brief["id"]
        self.brief = brief
        self.members = members
        self.kept = kept
        self.messages: dict[int, JSON] = {}
        self.keyboard: JSON | None = None  #: the open reply keyboard, or a forced reply
        self.uneditable: set[int] = set()  #: bot messages with a reply keyboard
        self.texts: set[int] = set()  #: hashes of the bot's messages
        self.blocked = False
        self.started = False
        self.action = ""
        self.answers: deque[JSON] = deque(maxlen=100)  #: the bot's answers to callback queries, newest last
        self.wakeup = Wakeup()

    @property
    def private(self) -> bool:
        return self.id > 0

    def keep(self, message: JSON) -> None:
        self.messages[message["message_id"]] = message
        while len(self.messages) > self.kept:
            forgotten = next(iter(self.messages))
            del self.messages[forgotten]
            self.uneditable.discard(forgotten)

    def drop(self, message_id: int) -> bool:
        return self.messages.pop(message_id, None) is not None

    def newest(self) -> Iterator[JSON]:
        return iter(reversed(self.messages.values()))

    def repeats(self, content: int) -> bool:
        """Whether the bot sent the same content before."""
        if content in self.texts:
            return True
        if len(self.texts) >= MAX_TEXT_HASHES:
            self.texts.clear()
        self.texts.add(content)
        return False

    def tail(self, count: int) -> tuple[JSON, ...]:
        return tuple(reversed(tuple(islice(self.newest(), count))))


def membership(bot: JSON, blocked: bool) -> JSON:
    """The change of the bot's membership in a chat that was just blocked or unblocked."""
    member = {"user": bot, "status": "member"}
    kicked = {"user": bot, "status": "kicked", "until_date": 0}
    before, after = (member, kicked) if blocked else (kicked, member)
    return {"old_chat_member": before, "new_chat_member": after}
