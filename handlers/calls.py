"""Calls of the Bot API with plain values, and of their answers only what we need: no object is made to be thrown away.

`telegram.Bot` makes some forty objects of each message that it sends, and as many of the answer; for two calls an
update that was a third of all this bot's work. Its client, its errors and its rarer calls are the library's.
"""

from typing import Any

import telegram
from telegram.request import RequestData
from telegram.request._requestparameter import RequestParameter


async def call(bot: telegram.Bot, method: str, patience_s: float | None = None, /, **arguments: Any) -> Any:
    """Return the call's `result`; raise what the library raises. Arguments that are None are left out.

    `patience_s` is for an answer that may take long.
    """
    given = [RequestParameter(name, value, None) for name, value in arguments.items() if value is not None]
    url, data = f"{bot.base_url}/{method}", RequestData(given)
    if patience_s is None:
        return await bot.request.post(url, data)
    return await bot.request.post(url, data, read_timeout=patience_s)
