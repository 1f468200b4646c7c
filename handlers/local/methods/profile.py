"""The methods about the bot's profile, chats, files, and how updates are delivered."""

import json
from collections.abc import Callable
from typing import Any

from handlers.local.formatting.entities import utf16_length
from handlers.local.wire.json_shapes import JSON, Params, bad
from handlers.local.world.chat import Chat
from handlers.local.world.files import Stored
from handlers.local.world.persona import Persona
from handlers.local.world.server_state import ServerState
from handlers.local.world.updates import OTHER_WEBHOOK, Updates
from handlers.local.world.webhook import Webhook, checked_url

MAX_SECRET_LENGTH = 256
MAX_POLL_SECONDS = 50
MAX_UPDATES = 100
_ALWAYS_TRUE = [
    "deleteMyCommands",
    "close",
    "logOut",
    "answerWebAppQuery",
    "pinChatMessage",
    "unpinChatMessage",
    "setMyDefaultAdministratorRights",
    "setMessageReaction",
    "setChatMenuButton",
]
_PROFILE_TEXTS = {
    "Name": ("name", 64),
    "Description": ("description", 512),
    "ShortDescription": ("short_description", 120),
}

Methods = dict[str, Callable[[Params], Any]]


class Profile:
    def __init__(self, state: ServerState, updates: Updates, webhook: Webhook) -> None:
        self._state = state
        self._updates = updates
        self._webhook = webhook

    def methods(self) -> Methods:
        named: Methods = {}
        for name, (field, limit) in _PROFILE_TEXTS.items():
            named[f"setMy{name}"] = self._setter(field, limit)
            named[f"getMy{name}"] = self._getter(field)
        return {
            **{name: (lambda _: True) for name in _ALWAYS_TRUE},
            **named,
            "getMe": lambda _: self._state.bot,
            "setMyCommands": self.set_commands,
            "getMyCommands": lambda _: self._state.about.get("commands", []),
            "deleteMyCommands": self.delete_commands,
            "getChatMenuButton": lambda _: {"type": "commands"},
            "getChat": self.get_chat,
            "getChatMember": self.get_chat_member,
            "getChatAdministrators": self.get_chat_administrators,
            "getChatMemberCount": lambda params: len(self._chat(params).members) + 1,
            "getFile": self.get_file,
            "getUpdates": self.get_updates,
            "setWebhook": self.set_webhook,
            "deleteWebhook": self.delete_webhook,
            "getWebhookInfo": self.get_webhook_info,
        }

    async def get_updates(self, params: Params) -> list[JSON]:
        if self._webhook.url:
            conflict = bad("")
            conflict.code = 409
            conflict.description = (
                "Conflict: can't use getUpdates method while webhook is active; "
                "use deleteWebhook to delete the webhook first"
            )
            raise conflict
        self._updates.allow(params.data("allowed_updates", "can't parse allowed_updates JSON object", list))
        limit = min(max(params.integer("limit", MAX_UPDATES), 1), MAX_UPDATES)
        timeout = min(max(params.integer("timeout"), 0), MAX_POLL_SECONDS)
        return await self._updates.poll(params.integer("offset"), limit, timeout)

    def set_webhook(self, params: Params) -> bool:
        if not params.text("url"):
            return self.delete_webhook(params)
        url, secret = checked_url(params.text("url")), params.text("secret_token")
        if len(secret) > MAX_SECRET_LENGTH:
            raise bad("secret token is too long")
        if secret and not (secret.isascii() and secret.replace("-", "").replace("_", "").isalnum()):
            raise bad("secret token contains unallowed characters")
        self._updates.allow(params.data("allowed_updates", "can't parse allowed_updates JSON object", list))
        self._updates.interrupt(OTHER_WEBHOOK)
        waiting = [*self._webhook.clear(), *self._updates.drain()]
        self._webhook.set(url, secret, min(params.integer("max_connections"), MAX_UPDATES))
        self._updates.sink = self._webhook.take
        for update in () if params.flag("drop_pending_updates") else waiting:
            self._webhook.take(update)
        return True

    def delete_webhook(self, params: Params) -> bool:
        self._updates.sink = None
        self._updates.restore(self._webhook.clear())
        if params.flag("drop_pending_updates"):
            self._updates.drop()
        return True

    def get_webhook_info(self, _: Params) -> JSON:
        allowed = self._updates.allowed
        pending = self._webhook.pending + self._updates.pending
        shown = {"allowed_updates": allowed} if allowed else {}
        return {**self._webhook.info(), "pending_update_count": pending, **shown}

    def set_commands(self, params: Params) -> bool:
        commands = params.data("commands", "expected an Array of BotCommand", list) or []
        for command in commands:
            if not isinstance(command, dict) or not command.get("command") or not command.get("description"):
                raise bad("BOT_COMMAND_INVALID")
        language = params.text("language_code")
        scope = params.data("scope", "can't parse BotCommandScope JSON object", dict) or {}
        if scope.get("type", "default") != "default":
            # Stored by scope: it must not replace the default menu.
            self._state.about.setdefault("commands_by_scope", {})[json.dumps(scope, sort_keys=True)] = commands
            return True
        if not language:
            self._state.about["commands"] = commands
        self._state.about.setdefault("commands_by_language", {})[language] = commands
        self._state.notify(None, {"type": "commands", "commands": self._state.about["commands_by_language"]})
        return True

    def delete_commands(self, params: Params) -> bool:
        return self.set_commands(Params({**params.values, "commands": []}))

    def get_chat(self, params: Params) -> JSON:
        chat = self._chat(params)
        return {**chat.brief, "accent_color_id": 0, "max_reaction_count": 11, "accepted_gift_types": NO_GIFTS}

    def get_chat_member(self, params: Params) -> JSON:
        chat, user_id = self._chat(params), params.integer("user_id")
        if user_id == self._state.bot["id"]:
            return administrator(self._state.bot)
        persona = self._state.personas.get(user_id)
        if persona is None:
            raise bad("member not found")
        return member(chat, persona)

    def get_chat_administrators(self, params: Params) -> list[JSON]:
        chat = self._chat(params)
        if chat.private:
            raise bad("there are no administrators in the private chat")
        return [administrator(self._state.bot)]

    def get_file(self, params: Params) -> JSON:
        stored: Stored | None = self._state.files.get(params.text("file_id"))
        if stored is None:
            raise bad("wrong file_id or the file is temporarily unavailable")
        if len(stored.content) > self._state.limits.download:
            raise bad("file is too big")
        return {**stored.brief(), "file_path": stored.path}

    def _chat(self, params: Params) -> Chat:
        return self._state.chat(params.integer("chat_id"))

    def _setter(self, field: str, limit: int) -> Callable[[Params], bool]:
        def setter(params: Params) -> bool:
            if utf16_length(params.text(field)) > limit:
                raise bad(f"{field.replace('_', ' ')} is too long")
            self._state.about[f"{field}:{params.text('language_code')}"] = params.text(field)
            self._state.notify(None, {"type": "about", "field": field, "value": params.text(field)})
            return True

        return setter

    def _getter(self, field: str) -> Callable[[Params], JSON]:
        def getter(params: Params) -> JSON:
            default = self._state.bot["first_name"] if field == "name" else ""
            about = self._state.about
            return {field: about.get(f"{field}:{params.text('language_code')}") or about.get(f"{field}:") or default}

        return getter


NO_GIFTS = dict.fromkeys(
    ("unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription", "gifts_from_channels"),
    False,
)
_RIGHTS = [
    "can_be_edited",
    "is_anonymous",
    "can_manage_chat",
    "can_delete_messages",
    "can_manage_video_chats",
    "can_restrict_members",
    "can_promote_members",
    "can_change_info",
    "can_invite_users",
    "can_post_stories",
    "can_edit_stories",
    "can_delete_stories",
]


def member(chat: Chat, persona: Persona) -> JSON:
    status = "member" if persona.user_id in chat.members else "left"
    return {"user": persona.user(), "status": status}


def administrator(bot: JSON) -> JSON:
    return {
        "user": bot,
        "status": "administrator",
        **dict.fromkeys(_RIGHTS, False),
        "can_delete_messages": True,
    }
