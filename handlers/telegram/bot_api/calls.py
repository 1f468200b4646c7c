"""Calls of the Bot API with plain values; of their answers only what we need is read.

`telegram.Bot` makes some forty objects of each message that it sends, and as many of the answer; for two calls per
update that was a third of all this bot's work. Its client, its errors and its rarer calls are the library's.
"""

from http import HTTPStatus
from typing import Any

import msgspec
import telegram
from telegram.request import BaseRequest

from handlers.telegram.bot_api.transport import AiohttpRequest

_SUCCESS = range(HTTPStatus.OK, HTTPStatus.MULTIPLE_CHOICES)


async def call(bot: telegram.Bot, method: str, patience_s: float | None = None, /, **arguments: Any) -> Any:
    """Return the call's `result`; raise what the library raises. Arguments that are None are left out.

    `patience_s` is for an answer that may take long.
    """
    request = bot.request
    assert isinstance(request, AiohttpRequest)
    given = {name: value for name, value in arguments.items() if value is not None}
    status, payload = await request.say(f"{bot.base_url}/{method}", msgspec.json.encode(given), patience_s)
    if status not in _SUCCESS:
        return await _Refusal(status, payload).post(method)  # raises
    return request.parse_json_payload(payload)["result"]


class _Refusal(BaseRequest):
    """An answer that the library reads as its own: it knows every way in which the Bot API reports errors."""

    parse_json_payload = staticmethod(AiohttpRequest.parse_json_payload)

    def __init__(self, status: int, payload: bytes) -> None:
        self._answer = status, payload

    @property
    def read_timeout(self) -> float | None:
        return None

    async def initialize(self) -> None: ...

    async def shutdown(self) -> None: ...

    async def do_request(self, *_args: object, **_kwargs: object) -> tuple[int, bytes]:
        return self._answer
