"""The people of the tests, and the real Telegram library connected to the local messenger."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from telegram import Bot
from telegram.request import HTTPXRequest

from handlers.local import LocalMessenger, Person, Persona

CHROMIUM = Path("/usr/bin/chromium")
TOKEN = "7000000001:local-messenger-token"
GROUP = -1009000000001
JIHYE = Persona(1001, "Jihye", "Kim", "jihye", "+821012345678", "jihye@example.com", "ko", {"name": "Kim Jihye"})
ANH = Persona(1002, "Anh", "", None, "+821087654321", "anh@example.com", "vi", {})
MINSU = Persona(2001, "Minsu", "Park", None, "+821055550001", "minsu@example.com", "ko", {})
SORA = Persona(2002, "Sora", "Lee", None, "+821055550002", "sora@example.com", "ko", {})


@dataclass
class Clock:
    """A clock that a test moves."""

    time: float = 1_800_000_000.0

    def __call__(self) -> float:
        return self.time


@dataclass
class Scene:
    messenger: LocalMessenger
    bot: Bot
    clock: Clock

    @property
    def jihye(self) -> Person:
        return self.messenger.person(JIHYE.user_id)


def bot_for(messenger: LocalMessenger, token: str = TOKEN, read_timeout: float = 5.0) -> Bot:
    return Bot(
        token,
        base_url=messenger.api_url + "/bot",
        base_file_url=messenger.api_url + "/file/bot",
        request=HTTPXRequest(read_timeout=read_timeout),
        get_updates_request=HTTPXRequest(read_timeout=read_timeout, connection_pool_size=4),
    )


OpenScene = Callable[..., Awaitable[Scene]]  # limits, seed, read_timeout
