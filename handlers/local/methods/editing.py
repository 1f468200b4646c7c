"""The methods that edit and delete messages and answer callback queries."""

from collections.abc import Callable
from typing import Any

from handlers.local.formatting.keyboards import only_inline, reply_markup
from handlers.local.methods.sending import caption_of, text_of
from handlers.local.wire.json_shapes import JSON, Params, Refusal, bad
from handlers.local.wire.limits import Throttle
from handlers.local.world.chat import Chat
from handlers.local.world.queries import place_of
from handlers.local.world.server_state import ServerState

NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a current "
    "content and reply markup of the message"
)
TOO_OLD = "query is too old and response timeout expired or query ID is invalid"
MAX_DELETED_MESSAGES = 100
MAX_ANSWER_LENGTH = 200
_EDITABLE_FIELDS = ("text", "entities", "caption", "caption_entities", "reply_markup")


class Editing:
    def __init__(self, state: ServerState, throttle: Throttle) -> None:
        self._state = state
        self._throttle = throttle

    def methods(self) -> dict[str, Callable[[Params], Any]]:
        return {
            "editMessageText": self.edit_text,
            "editMessageCaption": self.edit_caption,
            "editMessageReplyMarkup": self.edit_markup,
            "deleteMessage": self.delete,
            "deleteMessages": self.delete_many,
            "answerCallbackQuery": self.answer,
        }

    def edit_text(self, params: Params) -> JSON | bool:
        text, entities = text_of(params, self._state.limits.text)
        chat, message = self._editable(params)
        if "text" not in message:
            raise bad("there is no text in the message to edit")
        return self._replace(chat, message, {"text": text, "entities": entities, "reply_markup": self._markup(params)})

    def edit_caption(self, params: Params) -> JSON | bool:
        caption, entities = caption_of(params, self._state.limits.caption)
        chat, message = self._editable(params)
        if "text" in message:
            raise bad("there is no caption in the message to edit")
        changed = {"caption": caption, "caption_entities": entities, "reply_markup": self._markup(params)}
        return self._replace(chat, message, changed)

    def edit_markup(self, params: Params) -> JSON | bool:
        markup = self._markup(params)
        chat, message = self._editable(params)
        return self._replace(chat, message, {"reply_markup": markup})

    def delete(self, params: Params) -> bool:
        chat = self._state.chat(params.integer("chat_id"))
        message_id = params.integer("message_id")
        if not message_id:
            raise bad("message identifier is not specified")
        if message_id not in chat.messages:
            raise bad("message to delete not found")
        self._check_age(chat, message_id)
        self._state.remove(chat, [message_id])
        return True

    def delete_many(self, params: Params) -> bool:
        """Ignores messages that do not exist, as the real server does."""
        chat = self._state.chat(params.integer("chat_id"))
        message_ids = params.data("message_ids", "expected an Array of message identifiers", list)
        if not message_ids:
            raise bad("message identifiers are not specified")
        if len(message_ids) > MAX_DELETED_MESSAGES:
            raise bad("too many message identifiers specified")
        if any(not isinstance(each, int) for each in message_ids):
            raise bad("message identifier must be a Number")
        there = [each for each in message_ids if each in chat.messages]
        for message_id in there:
            self._check_age(chat, message_id)
        self._state.remove(chat, there)
        return True

    def answer(self, params: Params) -> bool:
        text = params.text("text")
        if len(text) > MAX_ANSWER_LENGTH:
            raise bad("MESSAGE_TOO_LONG")
        tap_id = params.text("callback_query_id")
        tap = self._state.taps.get(tap_id)
        if tap is None or self._state.now() - tap.at > self._state.limits.query_age:
            raise bad(TOO_OLD)
        del self._state.taps[tap_id]
        chat = self._state.chat(tap.chat_id)
        answer = {"text": text, "alert": params.flag("show_alert"), "url": params.text("url")}
        chat.answers.append(answer)
        self._state.notify(chat, {"type": "answer", "chat": chat.id, "tap": tap_id, "user": tap.user_id, **answer})
        return True

    def _markup(self, params: Params) -> JSON | None:
        return only_inline(reply_markup(params, self._state.limits))

    def _editable(self, params: Params) -> tuple[Chat, JSON]:
        if not params.text("chat_id") and not params.integer("message_id"):
            return self._inline_message(params.text("inline_message_id"))
        chat = self._state.chat(params.integer("chat_id"))
        message_id = params.integer("message_id")
        if not message_id:
            raise bad("message identifier is not specified")
        message = chat.messages.get(message_id)
        if message is None:
            raise bad("message to edit not found")
        if message["from"]["id"] != self._state.bot["id"] or message_id in chat.uneditable:
            raise bad("message can't be edited")
        if chat.blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        return chat, message

    def _inline_message(self, inline_message_id: str) -> tuple[Chat, JSON]:
        """A message that somebody sent via the bot, by its `inline_message_id`."""
        if not inline_message_id:
            raise bad("message identifier is not specified")
        place = place_of(inline_message_id)
        if place is None:
            raise bad("invalid inline message identifier specified")
        chat = self._state.chats.get(place[0])
        message = chat.messages.get(place[1]) if chat is not None else None
        if chat is None or message is None or "via_bot" not in message:
            raise bad("MESSAGE_ID_INVALID")
        return chat, message

    def _replace(self, chat: Chat, message: JSON, changed: JSON) -> JSON | bool:
        """The edited message, or True for an inline message: the bot may not see that chat."""
        before = {name: message.get(name) for name in _EDITABLE_FIELDS}
        after = before | {name: value or None for name, value in changed.items()}
        if after == before:
            raise bad(NOT_MODIFIED)
        self._throttle.pass_through(chat.id)
        kept = {name: value for name, value in message.items() if name not in _EDITABLE_FIELDS}
        kept.update({name: value for name, value in after.items() if value is not None})
        kept["edit_date"] = int(self._state.now())
        posted = self._state.post(chat, kept)
        return True if "via_bot" in posted else posted

    def _check_age(self, chat: Chat, message_id: int) -> None:
        if self._state.now() - chat.messages[message_id]["date"] > self._state.limits.delete_age:
            raise bad("message can't be deleted for everyone")
