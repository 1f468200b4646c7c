"""Malformed calls get an error answer; the server keeps running."""

import json
import random
from typing import Any

import aiohttp

from tests.contract.local.scene import JIHYE, TOKEN, Scene

SHAPES: list[Any] = [
    None,
    "",
    "x",
    0,
    -1,
    2**70,
    1.5,
    True,
    [],
    [[]],
    [1],
    ["x"],
    [[1]],
    [[{}]],
    {},
    {"a": 1},
    "[" * 5000,
]
FIELDS = [
    "chat_id",
    "text",
    "entities",
    "reply_markup",
    "reply_parameters",
    "message_id",
    "message_ids",
    "offset",
    "limit",
    "allowed_updates",
    "commands",
    "document",
    "caption",
    "caption_entities",
    "parse_mode",
    "callback_query_id",
    "action",
    "user_id",
    "file_id",
    "from_chat_id",
    "url",
    "name",
    "inline_query_id",
    "results",
    "button",
    "next_offset",
    "cache_time",
    "inline_message_id",
]
BUTTONS: list[Any] = [
    {"text": "x", name: shape}
    for name in ("callback_data", "url", "web_app", "copy_text", "switch_inline_query", "style")
    for shape in SHAPES
]
ENTITIES: list[Any] = [{"type": "bold", "offset": shape, "length": other} for shape in SHAPES for other in (0, 1, "1")]
ARTICLES: list[Any] = [
    {"type": "article", "id": "1", "title": "x", "input_message_content": {"message_text": "x"}, name: shape}
    for name in ("type", "id", "title", "description", "input_message_content", "reply_markup")
    for shape in SHAPES
]


def malformed_params(dice: random.Random) -> dict[str, Any]:
    params = {name: dice.choice(SHAPES) for name in dice.sample(FIELDS, 8)}
    if dice.random() < 0.7:
        params |= {"chat_id": JIHYE.user_id, "text": "hello"}
    if dice.random() < 0.3:
        params["reply_markup"] = {"inline_keyboard": [[dice.choice(BUTTONS)]]}
    if dice.random() < 0.3:
        params["entities"] = [dice.choice(ENTITIES)]
    if dice.random() < 0.3:
        params["results"] = [dice.choice(ARTICLES)]
    return params


async def test_malformed_calls_get_error_answers(scene: Scene) -> None:
    dice = random.Random(7)
    methods = [name for name in scene.messenger.methods if name not in {"getUpdates", "setWebhook"}]
    async with aiohttp.ClientSession() as session:
        for _ in range(1500):
            url = f"{scene.messenger.api_url}/bot{TOKEN}/{dice.choice(methods)}"
            params = malformed_params(dice)
            form = {name: value if isinstance(value, str) else json.dumps(value) for name, value in params.items()}
            how = {"json": params} if dice.random() < 0.5 else {"data": form}
            async with session.post(url, **how) as response:
                body = await response.json()
                assert response.status in {200, 400, 403, 429}, (url, params)
                assert body["ok"] or body["description"]
    await scene.bot.get_me()
