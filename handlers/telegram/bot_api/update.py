"""The shape of an update (Bot API: `Update`), as far as we use it; the rest is not read at all."""

from typing import Annotated, Any

import msgspec

#: An id; databases store no larger whole number.
MOST_ID = (1 << 63) - 1
Number = Annotated[int, msgspec.Meta(ge=-MOST_ID, le=MOST_ID)]


class Malformed(ValueError):
    """Has not the shape of an update; the text says where, and nothing of the content."""


class Person(msgspec.Struct, frozen=True):
    id: Number
    language_code: str | None = None


class Chat(msgspec.Struct, frozen=True):
    id: Number
    type: str


class Contact(msgspec.Struct, frozen=True):
    phone_number: str
    user_id: Number | None = None


class Document(msgspec.Struct, frozen=True):
    file_id: str
    file_name: str | None = None
    mime_type: str | None = None
    file_size: Number | None = None


class Place(msgspec.Struct, frozen=True):
    """A message's chat and id; nothing more is known of one that is too old (`InaccessibleMessage`)."""

    message_id: Number
    chat: Chat


class Message(msgspec.Struct, frozen=True):
    message_id: Number
    chat: Chat
    sender: Person | None = msgspec.field(default=None, name="from")
    text: str | None = None
    contact: Contact | None = None
    document: Document | None = None
    photo: list[Any] | None = None
    reply_to_message: Place | None = None
    via_bot: Person | None = None
    # Other attachments: we only ask whether there is one.
    animation: Any = None
    audio: Any = None
    dice: Any = None
    game: Any = None
    invoice: Any = None
    location: Any = None
    paid_media: Any = None
    passport_data: Any = None
    poll: Any = None
    sticker: Any = None
    story: Any = None
    successful_payment: Any = None
    venue: Any = None
    video: Any = None
    video_note: Any = None
    voice: Any = None

    @property
    def has_attachment(self) -> bool:
        return any(getattr(self, name) is not None for name in ATTACHMENTS)


ATTACHMENTS = Message.__struct_fields__[Message.__struct_fields__.index("animation") :]


class CallbackQuery(msgspec.Struct, frozen=True):
    id: str
    sender: Person = msgspec.field(name="from")
    message: Place | None = None
    data: str | None = None


class Member(msgspec.Struct, frozen=True):
    status: str


class ChatMemberUpdated(msgspec.Struct, frozen=True):
    chat: Chat
    new_chat_member: Member


class InlineQuery(msgspec.Struct, frozen=True):
    id: str
    sender: Person = msgspec.field(name="from")
    query: str
    offset: str


class Update(msgspec.Struct, frozen=True):
    update_id: int
    message: Message | None = None
    callback_query: CallbackQuery | None = None
    my_chat_member: ChatMemberUpdated | None = None


_decoder = msgspec.json.Decoder(Update)


def parse_update(body: bytes) -> Update:
    """Read an update; raise `Malformed` for one with another shape."""
    try:
        return _decoder.decode(body)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Malformed(str(error)) from None


def parsed_query(query: object) -> InlineQuery:
    """Read an update's inline query; raise `Malformed` as above."""
    try:
        return msgspec.convert(query, InlineQuery)
    except (msgspec.ValidationError, UnicodeError, RecursionError):  # Half a surrogate pair is no number.
        raise Malformed from None
