"""Updates posted to the bot's own server."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import web
from telegram.error import BadRequest

from handlers.local import Limits
from tests.contract.local.scene import ANH, JIHYE, OpenScene, Scene


@dataclass
class Receiver:
    url: str = ""
    got: list[dict[str, Any]] = field(default_factory=list)
    secrets: list[str | None] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)  # statuses to give first
    calls: list[dict[str, Any]] = field(default_factory=list)  # to stand in the answers

    async def take(self, request: web.Request) -> web.Response:
        self.got.append(await request.json())
        self.secrets.append(request.headers.get("X-Telegram-Bot-Api-Secret-Token"))
        status = self.answers.pop(0) if self.answers else 200
        return web.json_response(self.calls.pop(0), status=status) if self.calls else web.Response(status=status)

    @property
    def texts(self) -> list[str]:
        return [each["message"]["text"] for each in self.got]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield receiver
    await runner.cleanup()


@pytest.fixture
async def scene(open_scene: OpenScene) -> Scene:
    return await open_scene(Limits(webhook_retry=0.01))


async def all_taken(scene: Scene) -> None:
    await scene.messenger.until(lambda m: m.stats.pending == 0)


async def test_updates_are_posted_with_the_secret(scene: Scene, receiver: Receiver) -> None:
    await scene.jihye.says("before")
    await scene.bot.set_webhook(receiver.url, secret_token="s3cret-_")
    await scene.jihye.says("after")
    await all_taken(scene)
    assert receiver.texts == ["before", "after"]
    assert receiver.secrets == ["s3cret-_"] * 2
    info = await scene.bot.get_webhook_info()
    assert (info.url, info.pending_update_count) == (receiver.url, 0)


async def test_refused_updates_are_posted_again_in_order(scene: Scene, receiver: Receiver) -> None:
    receiver.answers = [500, 503]
    await scene.bot.set_webhook(receiver.url)
    await scene.jihye.says("a")
    await scene.jihye.says("b")
    await all_taken(scene)
    assert receiver.texts == ["a", "a", "a", "b"]
    info = await scene.bot.get_webhook_info()
    assert info.last_error_message == "Wrong response from the webhook: 503 Service Unavailable"


async def test_an_update_is_posted_again_after_a_lost_answer(scene: Scene, receiver: Receiver) -> None:
    await scene.bot.set_webhook(receiver.url)
    scene.messenger.faults.lose = 1.0
    scene.messenger.faults.methods = frozenset({"webhook"})
    await scene.jihye.says("a")
    await scene.messenger.until(lambda m: m.stats.delivered >= 2)
    scene.messenger.faults.clear()
    await all_taken(scene)
    assert set(receiver.texts) == {"a"}
    assert len({each["update_id"] for each in receiver.got}) == 1


async def test_a_call_in_the_answer_is_performed_without_a_result(scene: Scene, receiver: Receiver) -> None:
    said = {"method": "sendMessage", "chat_id": JIHYE.user_id, "text": "in the answer"}
    receiver.answers = [500, 200, 200, 200]
    receiver.calls = [said, said, {**said, "text": ""}, {"method": "noSuch"}]
    await scene.bot.set_webhook(receiver.url)
    for text in "abc":
        await scene.jihye.says(text)
    await all_taken(scene)
    assert [each.text for each in scene.jihye.messages if each.from_bot] == ["in the answer"]
    assert receiver.texts == ["a", "a", "b", "c"]


async def test_undelivered_updates_return_to_the_queue(scene: Scene, receiver: Receiver) -> None:
    receiver.answers = [500] * 1000
    await scene.bot.set_webhook(receiver.url)
    await scene.jihye.says("a")
    await scene.messenger.person(ANH.user_id).says("b")
    await scene.messenger.until(lambda m: m.stats.delivered >= 2)
    await scene.bot.delete_webhook()
    assert [each.message.text for each in await scene.bot.get_updates() if each.message] == ["a", "b"]


async def test_pending_updates_can_be_dropped(scene: Scene, receiver: Receiver) -> None:
    await scene.jihye.says("old")
    await scene.bot.set_webhook(receiver.url, drop_pending_updates=True)
    await scene.jihye.says("new")
    await all_taken(scene)
    assert receiver.texts == ["new"]
    await scene.bot.delete_webhook(drop_pending_updates=True)
    assert (await scene.bot.get_webhook_info()).url == ""


@pytest.mark.parametrize(
    ("url", "secret", "problem"),
    [
        ("ftp://127.0.0.1/", "", "Invalid webhook url specified"),
        ("http://192.0.2.1/", "", "Bad webhook: an https url must be provided for webhook"),
        ("https://bank.example/", "", "Bad webhook: failed to resolve host"),
        ("http://127.0.0.1/", "a b", "Secret token contains unallowed characters"),
        ("http://127.0.0.1/", "x" * 257, "Secret token is too long"),
    ],
)
async def test_bad_webhooks_are_refused(scene: Scene, url: str, secret: str, problem: str) -> None:
    with pytest.raises(BadRequest) as refused:
        await scene.bot.set_webhook(url, secret_token=secret)
    assert str(refused.value).lower().startswith(problem.lower())


async def test_a_person_has_their_persona(scene: Scene) -> None:
    assert scene.jihye.persona == JIHYE
