"""Messages as a person sees them, with the content of their files."""

from dataclasses import dataclass

from handlers.local.wire.json_shapes import JSON
from handlers.local.world.chat import Chat
from handlers.local.world.files import Stored
from handlers.local.world.persona import Persona
from handlers.local.world.server_state import ServerState

DUMPED_MESSAGES = 30


@dataclass(frozen=True, slots=True)
class Button:
    text: str
    data: str | None  #: callback data
    url: str | None
    web_app: str | None
    raw: JSON


@dataclass(frozen=True, slots=True)
class Document:
    name: str
    mime: str
    content: bytes
    file_id: str


@dataclass(frozen=True, slots=True)
class SeenMessage:
    message_id: int
    from_bot: bool
    sender_id: int
    date: int
    text: str  #: the text, or the caption
    entities: tuple[JSON, ...]
    keyboard: tuple[tuple[Button, ...], ...]
    document: Document | None
    photo: Document | None
    edited: bool
    reply_to: int | None
    raw: JSON  #: the message as the Bot API has it

    @property
    def buttons(self) -> tuple[Button, ...]:
        return tuple(button for row in self.keyboard for button in row)

    @property
    def labels(self) -> tuple[str, ...]:
        return tuple(button.text for button in self.buttons)


def seen(message: JSON, state: ServerState) -> SeenMessage:
    rows = message.get("reply_markup", {}).get("inline_keyboard", ())
    entities = message.get("entities") or message.get("caption_entities") or ()
    photo = message["photo"][-1]["file_id"] if message.get("photo") else None
    document = message["document"]["file_id"] if message.get("document") else None
    reply = message.get("reply_to_message")
    return SeenMessage(
        message_id=message["message_id"],
        from_bot=message["from"]["is_bot"],
        sender_id=message["from"]["id"],
        date=message["date"],
        text=message.get("text") or message.get("caption") or "",
        entities=tuple(entities),
        keyboard=tuple(tuple(_button(button) for button in row) for row in rows),
        document=_document(state.files.get(document)) if document else None,
        photo=_document(state.files.get(photo)) if photo else None,
        edited="edit_date" in message,
        reply_to=reply["message_id"] if reply else None,
        raw=message,
    )


def _button(button: JSON) -> Button:
    app = button.get("web_app") or {}
    return Button(button["text"], button.get("callback_data"), button.get("url"), app.get("url"), button)


def _document(stored: Stored | None) -> Document | None:
    return Document(stored.name, stored.mime, stored.content, stored.file_id) if stored else None


def dump_of(chat: Chat, persona: Persona) -> str:
    """The last messages of a chat, for the error of a failed test."""
    lines = [f"chat of {persona.first_name} ({chat.id}), last {DUMPED_MESSAGES} of {len(chat.messages)} messages:"]
    for message in chat.tail(DUMPED_MESSAGES):
        who = "bot   " if message["from"]["is_bot"] else "person"
        what = message.get("text") or message.get("caption") or ", ".join(sorted(set(message) - _COMMON_FIELDS)) or "?"
        rows = message.get("reply_markup", {}).get("inline_keyboard", ())
        keys = "".join(f" [{button['text']}]" for row in rows for button in row)
        mark = " (edited)" if "edit_date" in message else ""
        lines.append(f"  {message['message_id']} {who} {what!r}{mark}{keys}")
    keyboard = (chat.keyboard or {}).get("keyboard")
    return "\n".join([*lines, f"  keys: {keyboard}"] if keyboard else lines)


_COMMON_FIELDS = frozenset({"message_id", "from", "chat", "date", "edit_date", "reply_markup", "reply_to_message"})
