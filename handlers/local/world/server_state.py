"""The server's state in memory: people, chats, messages, callback queries without an answer, and watchers."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from handlers.local.wire.json_shapes import JSON, bad
from handlers.local.wire.limits import Limits
from handlers.local.wire.stats import Stats
from handlers.local.wire.wakeup import Wakeup
from handlers.local.world.chat import Chat
from handlers.local.world.files import Files
from handlers.local.world.persona import Persona
from handlers.local.world.queries import Queries

IDS_PER_SECOND = 16
MAX_TAPS = 20_000
MAX_STEPS = 500


def first_id(now: float) -> int:
    """The first id: above the ids of an earlier start, within 31 bits, repeating every two years."""
    return 1_000_000 + int(now) * IDS_PER_SECOND % 2**30


@dataclass(slots=True)
class Tap:
    chat_id: int
    message_id: int
    user_id: int
    at: float


@dataclass(frozen=True, slots=True)
class People:
    personas: Sequence[Persona]
    operators: Sequence[Persona] = ()
    operator_chat_id: int | None = None


class ServerState:
    def __init__(self, token: str, people: People, limits: Limits, now: Callable[[], float]) -> None:
        self.token = token
        self.people = people
        self.limits = limits
        self.now = now
        self.stats = Stats()
        self.wakeup = Wakeup()
        self.files = Files(limits.kept_files)
        self.bot = bot_user(token)
        self.about: dict[str, Any] = {}
        self.personas = {each.user_id: each for each in (*people.personas, *people.operators)}
        self.chats = self._chats()
        self.taps: dict[str, Tap] = {}
        self.queries = Queries(now, limits.inline_age, first_id(now()) << 20)
        self.steps: deque[JSON] = deque(maxlen=MAX_STEPS)  #: of the bot's work, oldest first
        self._tap_ids = count(first_id(now()) << 20)
        self._message_ids = count(first_id(now()))
        self._watchers: set[Callable[[JSON], None]] = set()

    def _chats(self) -> dict[int, Chat]:
        kept = self.limits.kept_messages
        chats = {
            user_id: Chat(persona.private_chat(), {user_id: persona}, kept)
            for user_id, persona in self.personas.items()
        }
        group_id = self.people.operator_chat_id
        if group_id is not None:
            brief = {"id": group_id, "type": "supergroup", "title": "Operators"}
            chats[group_id] = Chat(brief, {each.user_id: each for each in self.people.operators}, kept)
        return chats

    def chat(self, chat_id: int) -> Chat:
        found = self.chats.get(chat_id)
        if found is None:
            raise bad("chat not found")
        return found

    def admit(self, persona: Persona) -> None:
        """Adds a person after the start."""
        self.personas[persona.user_id] = persona
        members = {persona.user_id: persona}
        self.chats[persona.user_id] = Chat(persona.private_chat(), members, self.limits.kept_messages)

    def message(self, chat: Chat, sender: JSON) -> JSON:
        """The fields that every message has."""
        return {
            "message_id": next(self._message_ids),
            "from": sender,
            "chat": chat.brief,
            "date": int(self.now()),
        }

    def post(self, chat: Chat, message: JSON) -> JSON:
        """Stores a new or an edited message and notifies the watchers."""
        chat.keep(message)
        self.notify(chat, {"type": "message", "chat": chat.id, "message": message})
        return message

    def remove(self, chat: Chat, message_ids: Sequence[int]) -> None:
        gone = [message_id for message_id in message_ids if chat.drop(message_id)]
        self.notify(chat, {"type": "gone", "chat": chat.id, "ids": gone})

    def tap(self, chat: Chat, message_id: int, user_id: int) -> str:
        tap_id = str(next(self._tap_ids))
        self.taps[tap_id] = Tap(chat.id, message_id, user_id, self.now())
        if len(self.taps) > MAX_TAPS:
            del self.taps[next(iter(self.taps))]
        return tap_id

    def add_step(self, step: JSON) -> None:
        self.steps.append(step)
        self.notify(None, {"type": "step", "step": step})

    def notify(self, chat: Chat | None, change: JSON) -> None:
        self.wake(chat)
        for watcher in self._watchers:
            watcher(change)

    def wake(self, chat: Chat | None) -> None:
        """Wakes waiting tasks without notifying the watchers."""
        if chat is not None:
            chat.wakeup.wake()
        self.wakeup.wake()

    def watch(self, watcher: Callable[[JSON], None]) -> Callable[[], None]:
        """Calls `watcher` for every change until the returned function is called."""
        self._watchers.add(watcher)
        return lambda: self._watchers.discard(watcher)


def bot_user(token: str) -> JSON:
    return {
        "id": int(token.partition(":")[0]),
        "is_bot": True,
        "first_name": "reissue-bot",
        "username": "reissue_local_bot",
        "can_join_groups": True,
        "can_read_all_group_messages": True,
        "supports_inline_queries": True,
        "can_connect_to_business": False,
        "has_main_web_app": False,
    }
