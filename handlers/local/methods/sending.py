"""The methods that send something new to a chat."""

from collections.abc import Callable
from typing import Any

from handlers.local.formatting.entities import parse_text, utf16_length
from handlers.local.formatting.keyboards import inline, reply_markup
from handlers.local.wire.json_shapes import JSON, Params, Refusal, Upload, bad
from handlers.local.wire.limits import Throttle
from handlers.local.world.chat import Chat
from handlers.local.world.files import Stored, image_type
from handlers.local.world.server_state import ServerState

ACTIONS = frozenset(
    [
        "typing",
        "upload_photo",
        "record_video",
        "upload_video",
        "record_voice",
        "upload_voice",
        "upload_document",
        "choose_sticker",
        "find_location",
        "record_video_note",
        "upload_video_note",
    ],
)
_COPIED_FIELDS = ("text", "entities", "caption", "caption_entities", "document", "photo", "contact")


class Sending:
    def __init__(self, state: ServerState, throttle: Throttle) -> None:
        self._state = state
        self._throttle = throttle

    def methods(self) -> dict[str, Callable[[Params], Any]]:
        return {
            "sendMessage": self.send_message,
            "sendDocument": self.send_document,
            "sendPhoto": self.send_photo,
            "copyMessage": self.copy_message,
            "forwardMessage": self.forward_message,
            "sendChatAction": self.send_chat_action,
        }

    def send_message(self, params: Params) -> JSON:
        text, entities = text_of(params, self._state.limits.text)
        markup = reply_markup(params, self._state.limits)
        chat = self._writable(params)
        content = {"text": text, **({"entities": entities} if entities else {})}
        if chat.repeats(hash((text, params.text("reply_markup")))):
            self._state.stats.repeats += 1
        return self._post(chat, params, content, markup)

    def send_document(self, params: Params) -> JSON:
        stored = self._file(params, "document", "documents")
        return self._send_file(params, {"document": stored.document()})

    def send_photo(self, params: Params) -> JSON:
        stored = self._file(params, "photo", "photos")
        if image_type(stored.content) is None:
            raise bad("IMAGE_PROCESS_FAILED")
        return self._send_file(params, {"photo": stored.photo()})

    def copy_message(self, params: Params) -> JSON:
        source = self._source(params, "message to copy not found")
        markup = reply_markup(params, self._state.limits)
        copied = self._post(self._writable(params), params, copied_fields(source), markup)
        return {"message_id": copied["message_id"]}

    def forward_message(self, params: Params) -> JSON:
        source = self._source(params, "message to forward not found")
        origin = {"type": "user", "sender_user": source["from"], "date": source["date"]}
        return self._post(self._writable(params), params, {**copied_fields(source), "forward_origin": origin}, None)

    def send_chat_action(self, params: Params) -> bool:
        action = params.text("action")
        if action not in ACTIONS:
            raise bad("wrong parameter action in request")
        chat = self._open(params)
        chat.action = action
        self._state.notify(chat, {"type": "action", "chat": chat.id, "action": action})
        return True

    def _send_file(self, params: Params, content: JSON) -> JSON:
        caption, entities = caption_of(params, self._state.limits.caption)
        markup = reply_markup(params, self._state.limits)
        chat = self._writable(params)
        words = {"caption": caption, "caption_entities": entities}
        return self._post(chat, params, {**content, **{name: word for name, word in words.items() if word}}, markup)

    def _post(self, chat: Chat, params: Params, content: JSON, markup: JSON | None) -> JSON:
        message = self._state.message(chat, self._state.bot)
        message.update(self._reply(chat, params))
        message.update(content)
        if params.flag("protect_content"):
            message["has_protected_content"] = True
        kept = inline(markup)
        if kept:
            message["reply_markup"] = kept
        elif markup:
            self._open_keyboard(chat, message["message_id"], markup)
        chat.action = ""
        return self._state.post(chat, message)

    def _open_keyboard(self, chat: Chat, message_id: int, markup: JSON) -> None:
        if "inline_keyboard" in markup:
            return
        chat.uneditable.add(message_id)
        chat.keyboard = None if markup.get("remove_keyboard") else markup
        self._state.notify(chat, {"type": "keyboard", "chat": chat.id, "keyboard": chat.keyboard})

    def _reply(self, chat: Chat, params: Params) -> JSON:
        given = params.data("reply_parameters", "can't parse reply parameters JSON object", dict) or {}
        message_id = Params(given).integer("message_id") or params.integer("reply_to_message_id")
        if not message_id:
            return {}
        target = chat.messages.get(message_id)
        if target is not None:
            return {"reply_to_message": without_reply(target)}
        if given.get("allow_sending_without_reply") or params.flag("allow_sending_without_reply"):
            return {}
        raise bad("message to be replied not found")

    def _open(self, params: Params) -> Chat:
        if not params.text("chat_id"):
            raise bad("chat_id is empty")
        chat = self._state.chat(params.integer("chat_id"))
        if chat.blocked:
            raise Refusal(403, "Forbidden: bot was blocked by the user")
        if self._state.limits.must_start and chat.private and not chat.started:
            raise Refusal(403, "Forbidden: bot can't initiate conversation with a user")
        return chat

    def _writable(self, params: Params) -> Chat:
        chat = self._open(params)
        self._throttle.pass_through(chat.id)
        return chat

    def _source(self, params: Params, missing: str) -> JSON:
        chat = self._state.chat(params.integer("from_chat_id"))
        source = chat.messages.get(params.integer("message_id"))
        if source is None:
            raise bad(missing)
        return source

    def _file(self, params: Params, name: str, folder: str) -> Stored:
        upload = upload_of(params, name)
        if upload is None:
            given = params.text(name)
            if not given:
                raise bad(f"there is no {name} in the request")
            stored = self._state.files.get(given)
            if stored is None:
                raise bad("wrong file identifier/HTTP URL specified")
            return stored
        if not upload.content:
            raise bad("file must be non-empty")
        if len(upload.content) > self._state.limits.upload:
            raise Refusal(413, "Request Entity Too Large")
        return self._state.files.add(upload.name, upload.mime, upload.content, folder)


def upload_of(params: Params, name: str) -> Upload | None:
    """The file of a call: under the parameter's own name, or under the name after `attach://`."""
    attached = params.text(name)
    if attached.startswith("attach://"):
        return params.uploads.get(attached.removeprefix("attach://"))
    return params.uploads.get(name)


def text_of(params: Params, limit: int) -> tuple[str, list[JSON]]:
    if not params.text("text"):
        raise bad("message text is empty")
    text, entities = parse_text(params, "text", "entities")
    if not text.strip():
        raise bad("text must be non-empty")
    if utf16_length(text) > limit:
        raise bad("message is too long")
    return text, entities


def caption_of(params: Params, limit: int) -> tuple[str, list[JSON]]:
    caption, entities = parse_text(params, "caption", "caption_entities")
    if utf16_length(caption) > limit:
        raise bad("message caption is too long")
    return caption, entities


def copied_fields(source: JSON) -> JSON:
    return {name: source[name] for name in _COPIED_FIELDS if name in source}


def without_reply(message: JSON) -> JSON:
    return {name: value for name, value in message.items() if name != "reply_to_message"}
