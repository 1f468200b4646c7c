"""A person in one chat, for tests and for the page: writes, taps, sends files and reads the screen."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TypeVar

from handlers.local.formatting.entities import add_automatic_entities
from handlers.local.people.launch import app_url
from handlers.local.people.seen import SeenMessage, dump_of, seen
from handlers.local.wire.json_shapes import JSON
from handlers.local.world.chat import Chat, membership
from handlers.local.world.persona import Persona
from handlers.local.world.queries import Offer, inline_id
from handlers.local.world.server_state import ServerState
from handlers.local.world.updates import Updates

T = TypeVar("T")
TIMEOUT_S = 10.0


class NotOnScreen(Exception):
    """The chat shows no such button or message."""


@dataclass(frozen=True, slots=True)
class Person:
    persona: Persona
    chat: Chat
    _state: ServerState
    _updates: Updates

    @property
    def messages(self) -> tuple[SeenMessage, ...]:
        """All visible messages, oldest first."""
        return tuple(seen(message, self._state) for message in self.chat.messages.values())

    @property
    def last(self) -> SeenMessage | None:
        newest = next(self.chat.newest(), None)
        return seen(newest, self._state) if newest is not None else None

    @property
    def screen(self) -> SeenMessage | None:
        """The newest bot message with buttons."""
        for message in self.chat.newest():
            if message["from"]["is_bot"] and "reply_markup" in message:
                return seen(message, self._state)
        return None

    @property
    def reply_keyboard(self) -> tuple[tuple[str, ...], ...]:
        rows = (self.chat.keyboard or {}).get("keyboard", ())
        return tuple(tuple(button["text"] for button in row) for row in rows)

    @property
    def answers(self) -> tuple[JSON, ...]:
        """The bot's answers to callback queries: text, alert, url."""
        return tuple(self.chat.answers)

    async def starts(self, payload: str = "") -> SeenMessage:
        return await self.says(f"/start {payload}".strip())

    async def says(self, text: str, *, reply_to: SeenMessage | int | None = None) -> SeenMessage:
        entities = add_automatic_entities(text, [])
        found = {"entities": entities} if entities else {}
        return self._send({"text": text, **found}, reply_to)

    async def taps(self, what: str, message: SeenMessage | int | None = None) -> str:
        """Presses a button by its text or callback data. Returns the id of the callback query."""
        found = self._raw_message(message) if message is not None else None
        for candidate in (found,) if found is not None else self.chat.newest():
            button = button_of(candidate, what)
            if button is not None:
                return self._press(candidate, button)
        raise NotOnScreen(f"no button {what!r}\n{self.dump()}")

    def opens_app(self, text: str) -> str:
        """The URL of a Mini App's button, with the launch data."""
        for message in self.chat.newest():
            for row in message.get("reply_markup", {}).get("inline_keyboard", ()):
                for button in row:
                    if button["text"] == text and "web_app" in button:
                        return app_url(self._state, self.persona, button["web_app"]["url"])
        raise NotOnScreen(f"no app {text!r}\n{self.dump()}")

    async def presses_raw(self, data: str, message: SeenMessage | int) -> str:
        """Sends callback data that no button has, as a forged client can."""
        return self._press(self._raw_message(message), {"callback_data": data})

    async def presses_key(self, text: str) -> SeenMessage:
        """Presses a button of the reply keyboard."""
        keys = [key for row in (self.chat.keyboard or {}).get("keyboard", ()) for key in row]
        key = next((key for key in keys if key["text"] == text), None)
        if key is None:
            raise NotOnScreen(f"no key {text!r} in {self.reply_keyboard}")
        if key.get("request_contact"):
            return await self.shares_contact()
        return await self.says(text)

    async def shares_contact(self, own: bool = True, of: Persona | None = None) -> SeenMessage:
        """The own contact has the sender's user id, that of `of` has theirs, any other has none."""
        whose = of or self.persona
        contact: JSON = {
            "phone_number": whose.phone,
            "first_name": whose.first_name,
            "last_name": whose.last_name,
        }
        if own or of is not None:
            contact["user_id"] = whose.user_id
        return self._send({"contact": {name: value for name, value in contact.items() if value}})

    async def sends_document(self, name: str, content: bytes, mime: str, caption: str = "") -> SeenMessage:
        stored = self._state.files.add(name, mime, content)
        return self._send({"document": stored.document(), **({"caption": caption} if caption else {})})

    async def sends_photo(self, content: bytes, caption: str = "") -> SeenMessage:
        stored = self._state.files.add("photo.jpg", "image/jpeg", content, "photos")
        return self._send({"photo": stored.photo(), **({"caption": caption} if caption else {})})

    async def sends_web_app_data(self, data: str, button_text: str) -> SeenMessage:
        return self._send({"web_app_data": {"data": data, "button_text": button_text}})

    async def types_inline(self, text: str, offset: str = "") -> str:
        """Types `@bot text` without sending it. Returns the query's id. A cached offer is not asked for again."""
        queries = self._state.queries
        query = queries.ask(self.persona.user_id, self.chat.brief, text, offset)
        if queries.offer(query.id, self.persona.user_id) is None:
            self._updates.push("inline_query", query.update(self.persona.user()))
        self._state.wake(self.chat)
        return query.id

    async def until_offered(self, query_id: str, timeout: float = TIMEOUT_S) -> Offer:  # noqa: ASYNC109
        return await self.until(lambda _: self._state.queries.offer(query_id, self.persona.user_id), timeout)

    async def asks_inline(self, text: str, offset: str = "", timeout: float = TIMEOUT_S) -> Offer:  # noqa: ASYNC109
        """The bot's offer for `@bot text`. The `next_offset` of one offer is the `offset` of the next."""
        return await self.until_offered(await self.types_inline(text, offset), timeout)

    async def picks(self, offer: Offer | str, what: str, *, reply_to: SeenMessage | int | None = None) -> SeenMessage:
        """Sends a result, by id or title, as the person's own message via the bot."""
        query_id = offer if isinstance(offer, str) else offer.query_id
        found = self._state.queries.offer(query_id, self.persona.user_id)
        results = found.results if found else ()
        by_id = (each for each in results if each.id == what)
        result = next(by_id, None) or next((each for each in results if each.title == what), None)
        if result is None:
            raise NotOnScreen(f"no result {what!r} in {[each.title for each in results]}")
        return self._send({"via_bot": self._state.bot, **result.content}, reply_to)

    async def presses_offer_button(self, offer: Offer) -> SeenMessage:
        """Presses the button above the results, which starts the bot in the person's own chat."""
        if not offer.button or "start_parameter" not in offer.button:
            raise NotOnScreen(f"no such button: {offer.button}")
        own = replace(self, chat=self._state.chats[self.persona.user_id])
        return await own.starts(offer.button["start_parameter"])

    async def sends(self, content: JSON, *, reply_to: SeenMessage | int | None = None) -> SeenMessage:
        """Sends any content in the shape of the Bot API: voice, location, sticker, or malformed content."""
        return self._send(content, reply_to)

    async def edits(self, message: SeenMessage | int, text: str) -> SeenMessage:
        before = self._raw_message(message)
        changed = {**before, "text": text, "edit_date": int(self._state.now())}
        self._state.post(self.chat, changed)
        self._updates.push("edited_message", changed)
        return seen(changed, self._state)

    async def deletes(self, message: SeenMessage | int) -> None:
        """The bot gets no update, as with the real server."""
        self._state.remove(self.chat, [self._raw_message(message)["message_id"]])

    async def blocks(self) -> None:
        self._set_blocked(True)

    async def unblocks(self) -> None:
        self._set_blocked(False)

    async def until(self, look: Callable[["Person"], T | bool | None], timeout: float = TIMEOUT_S) -> T:  # noqa: ASYNC109
        """The first truthy value of `look`, which is called after every change. Raises `TimeoutError` with a dump."""
        try:
            return await self.chat.wakeup.until(lambda: look(self), timeout)
        except TimeoutError:
            raise TimeoutError(f"not seen within {timeout} s\n{self.dump()}") from None

    async def until_says(self, part: str, timeout: float = TIMEOUT_S, after: int = 0) -> SeenMessage:  # noqa: ASYNC109
        """The newest message of the bot with `part` in its text and an id above `after`."""
        return await self.until(lambda person: person.find(part, after), timeout)

    def find(self, part: str, after: int = 0) -> SeenMessage | None:
        for message in self.chat.newest():
            if message["message_id"] <= after:
                return None
            if message["from"]["is_bot"] and part in (message.get("text") or message.get("caption") or ""):
                return seen(message, self._state)
        return None

    def dump(self) -> str:
        return dump_of(self.chat, self.persona)

    def _send(self, content: JSON, reply_to: SeenMessage | int | None = None) -> SeenMessage:
        message = self._state.message(self.chat, self.persona.user())
        if reply_to is not None:
            target = self._raw_message(reply_to)
            message["reply_to_message"] = {name: v for name, v in target.items() if name != "reply_to_message"}
        message.update(content)
        self.chat.started = True
        if self.chat.blocked:
            self._set_blocked(False)
        if self.chat.keyboard and self.chat.keyboard.get("one_time_keyboard"):
            self.chat.keyboard = None
            self._state.notify(self.chat, {"type": "keyboard", "chat": self.chat.id, "keyboard": None})
        self._state.post(self.chat, message)
        self._updates.push("message", message)
        return seen(message, self._state)

    def _press(self, message: JSON, button: JSON) -> str:
        tap_id = self._state.tap(self.chat, message["message_id"], self.persona.user_id)
        via = "via_bot" in message  # the bot gets only an id: it may not see that chat
        query = {
            "id": tap_id,
            "from": self.persona.user(),
            **({"inline_message_id": inline_id(message)} if via else {"message": message}),
            "chat_instance": str(self.chat.id),
            "data": button["callback_data"],
        }
        self._updates.push("callback_query", query)
        return tap_id

    def _set_blocked(self, blocked: bool) -> None:
        if self.chat.blocked == blocked:
            return
        self.chat.blocked = blocked
        self._state.notify(self.chat, {"type": "blocked", "chat": self.chat.id, "blocked": blocked})
        change = membership(self._state.bot, blocked)
        head = {"chat": self.chat.brief, "from": self.persona.user(), "date": int(self._state.now())}
        self._updates.push("my_chat_member", {**head, **change})

    def _raw_message(self, message: SeenMessage | int) -> JSON:
        message_id = message if isinstance(message, int) else message.message_id
        found = self.chat.messages.get(message_id)
        if found is None:
            raise NotOnScreen(f"no message {message_id}\n{self.dump()}")
        return found


def button_of(message: JSON, what: str) -> JSON | None:
    """The button with that text or callback data."""
    rows = message.get("reply_markup", {}).get("inline_keyboard", ())
    for row in rows:
        for button in row:
            if "callback_data" in button and what in {button["text"], button["callback_data"]}:
                found: JSON = button
                return found
    return None
