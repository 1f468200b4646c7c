"""The method that answers inline queries.

`chosen_inline_result` is never sent: the real server sends it only after the owner enabled inline feedback at
BotFather.
"""

from collections.abc import Callable
from typing import Any

from handlers.local.methods.editing import TOO_OLD
from handlers.local.methods.results import button_of, check, results_of
from handlers.local.wire.json_shapes import Params, bad
from handlers.local.world.queries import Offer
from handlers.local.world.server_state import ServerState

DEFAULT_CACHE_SECONDS = 300  #: `cache_time` if the bot gives none
MAX_CACHE_SECONDS = 24 * 3600


class Inline:
    def __init__(self, state: ServerState) -> None:
        self._state = state

    def methods(self) -> dict[str, Callable[[Params], Any]]:
        return {"answerInlineQuery": self.answer}

    def answer(self, params: Params) -> bool:
        """https://core.telegram.org/bots/api#answerinlinequery, with its errors in the order of the real server."""
        button = button_of(params)
        results = results_of(params, self._state.limits)
        queries = self._state.queries
        query = queries.waiting(params.text("inline_query_id"))
        if query is None:
            raise bad(TOO_OLD)
        next_offset = params.text("next_offset")
        check(results, next_offset)
        cache_seconds = min(max(params.integer("cache_time", DEFAULT_CACHE_SECONDS), 0), MAX_CACHE_SECONDS)
        offer = Offer(query.id, query.text, results, button, next_offset)
        queries.answer(query, offer, cache_seconds, params.flag("is_personal"))
        self._state.wake(self._state.chat(query.chat_id))
        return True
