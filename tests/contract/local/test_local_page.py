"""The server side of the chat page: access, files and actions."""

import asyncio
import hashlib
import hmac
import json
import re
from collections.abc import AsyncIterator
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import aiohttp
import pytest
from telegram import (
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    InlineQueryResultArticle,
    InputTextMessageContent,
    ReplyKeyboardMarkup,
    WebAppInfo,
)

from handlers.local import Limits
from handlers.local.page.live import load_messages
from tests.contract.local.scene import GROUP, JIHYE, MINSU, TOKEN, OpenScene, Scene

PNG = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x10\0\0\0\x20"
KEYS = InlineKeyboardMarkup([[InlineKeyboardButton("A", callback_data="a")]])


class Browser:
    def __init__(self, scene: Scene, session: aiohttp.ClientSession) -> None:
        self.base = scene.messenger.api_url
        self.session = session

    async def get(self, path: str, **headers: str) -> tuple[int, bytes, Any]:
        async with self.session.get(self.base + path, headers=headers) as response:
            return response.status, await response.read(), response.headers

    async def post(self, path: str, body: bytes, kind: str, origin: str | None = "own") -> tuple[int, Any]:
        headers = {"Content-Type": kind}
        if origin is not None:
            headers["Origin"] = self.base if origin == "own" else origin
        async with self.session.post(self.base + path, data=body, headers=headers) as response:
            text = await response.text()
            return response.status, json.loads(text) if text.startswith("{") else text

    async def act(
        self, kind: str, user: int = JIHYE.user_id, chat: int = JIHYE.user_id, **details: Any
    ) -> tuple[int, Any]:
        body = json.dumps({"act": kind, "user": user, "chat": chat, **details}).encode()
        return await self.post("/act", body, "application/json")


@pytest.fixture
async def browser(scene: Scene) -> AsyncIterator[Browser]:
    async with aiohttp.ClientSession() as session:
        yield Browser(scene, session)


async def test_only_the_files_of_the_page_are_served(browser: Browser) -> None:
    status, body, headers = await browser.get("/")
    assert status == 200
    assert b"/site/main.js" in body
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for path in ("/site/main.js", "/site/base.css", "/messages/ko.json", "/messages/en.json"):
        assert (await browser.get(path))[0] == 200
    for path in (
        "/site/..%2fmessenger.py",
        "/messenger.py",
        "/messages/fr.json",
        "/site/",
        "/take/x",
        "/attachment/1/0",
    ):
        assert (await browser.get(path))[0] == 404


@pytest.mark.parametrize("host", ["bank.example", "127.0.0.1.evil.example:80", ""])
async def test_foreign_host_names_are_refused(browser: Browser, host: str) -> None:
    for path in ("/", f"/bot{TOKEN}/getMe", "/messages/ko.json"):
        assert (await browser.get(path, Host=host))[0] == 403


async def test_other_sites_cannot_post_or_listen(scene: Scene, browser: Browser) -> None:
    body = json.dumps({"act": "say", "user": JIHYE.user_id, "chat": JIHYE.user_id, "text": "forged"}).encode()
    for origin in ("http://evil.example", "null", None):
        assert (await browser.post("/act", body, "application/json", origin))[0] == 403
    assert (await browser.post("/act", body, "text/plain"))[0] == 404
    assert (await browser.get("/live", Origin="http://evil.example"))[0] == 403
    assert (await browser.get(f"/bot{TOKEN}/getMe", Origin="http://evil.example"))[0] == 403
    assert scene.jihye.messages == ()


async def test_errors_have_the_wording_of_the_real_server(browser: Browser) -> None:
    status, body, _ = await browser.get("/bot7:wrong/getMe")
    assert (status, json.loads(body)) == (
        401,
        {"ok": False, "error_code": 401, "description": "Unauthorized"},
    )
    status, body, _ = await browser.get(f"/bot{TOKEN}/getNothing")
    assert (status, json.loads(body)["description"]) == (404, "Not Found: method not found")
    status, body, _ = await browser.get(f"/bot{TOKEN}/GETME")
    assert (status, json.loads(body)["ok"]) == (200, True)
    status, body, _ = await browser.get(f"/bot{TOKEN}/sendMessage?chat_id={JIHYE.user_id}&text=from+a+query")
    assert json.loads(body)["result"]["text"] == "from a query"
    status, answer = await browser.post(f"/bot{TOKEN}/sendMessage", b"{", "application/json")
    assert (status, answer["description"]) == (400, "Bad Request: can't parse JSON object")
    sent = json.dumps({"chat_id": JIHYE.user_id, "text": "json", "reply_markup": KEYS.to_dict()}).encode()
    assert (await browser.post(f"/bot{TOKEN}/sendMessage", sent, "application/json"))[0] == 200


async def test_a_page_gets_a_snapshot_and_then_every_change(scene: Scene, browser: Browser) -> None:
    await scene.bot.set_my_commands([("start", "begin")])
    await scene.jihye.says("before")
    async with browser.session.ws_connect(browser.base + "/live", origin=browser.base) as line:
        snapshot = await line.receive_json()
        assert snapshot["people"][0]["card"] == [["name", "Kim Jihye"]]
        assert snapshot["chats"][0]["messages"][0]["text"] == "before"
        assert snapshot["commands"][""][0]["command"] == "start"
        await scene.bot.send_message(JIHYE.user_id, "after", reply_markup=ReplyKeyboardMarkup([["k"]]))
        await scene.bot.send_chat_action(JIHYE.user_id, "typing")
        kinds = [(await line.receive_json())["type"] for _ in range(3)]
        assert kinds == ["keyboard", "message", "action"]
        tap = await _tapped(scene)
        await scene.bot.answer_callback_query(tap, "ok")
        answers = [await line.receive_json() for _ in range(2)]
        assert answers[1]["type"] == "answer"
        assert answers[1]["tap"] == tap


async def _tapped(scene: Scene) -> str:
    await scene.bot.send_message(JIHYE.user_id, "tap", reply_markup=KEYS)
    return await scene.jihye.taps("A")


async def test_actions_on_the_page_become_updates(scene: Scene, browser: Browser) -> None:
    assert (await browser.act("say", text=" hello "))[0] == 200
    said = scene.jihye.messages[0]
    assert said.text == "hello"
    assert (await browser.act("edit", message=said.message_id, text="hallo"))[0] == 200
    assert (await browser.act("contact"))[0] == 200
    assert (await browser.act("delete", message=said.message_id))[0] == 200
    sent = await scene.bot.send_message(JIHYE.user_id, "x", reply_markup=KEYS)
    status, result = await browser.act("tap", message=sent.message_id, data="a")
    assert (status, bool(result["tap"])) == (200, True)
    assert (await browser.act("block", blocked=True))[0] == 200
    assert (await browser.act("block", blocked=False))[0] == 200
    kinds = [next(iter(set(each.to_dict()) - {"update_id"})) for each in await scene.bot.get_updates()]
    assert kinds == [
        "message",
        "edited_message",
        "message",
        "callback_query",
        "my_chat_member",
        "my_chat_member",
    ]


async def test_operators_reply_in_their_chat(scene: Scene, browser: Browser) -> None:
    asked = await scene.bot.send_message(GROUP, "approve?")
    await browser.act("say", user=MINSU.user_id, chat=GROUP, text="yes", reply_to=asked.message_id)
    (update,) = await scene.bot.get_updates()
    assert update.message is not None
    assert update.message.reply_to_message is not None
    assert (update.message.from_user.id, update.message.chat.id) == (MINSU.user_id, GROUP)
    assert update.message.reply_to_message.message_id == asked.message_id
    assert (await browser.act("say", user=JIHYE.user_id, chat=GROUP, text="let me in"))[0] == 409


@pytest.mark.parametrize(
    ("act", "details", "status"),
    [
        ("tap", {"message": 1, "data": "a"}, 409),
        ("say", {"text": ""}, 409),
        ("say", {"text": "x" * 4097}, 409),
        ("say", {}, 400),
        ("dance", {}, 409),
        ("say", {"user": 5, "chat": 5, "text": "x"}, 409),
        ("faults", {"name": "sms", "value": "sunny"}, 400),
    ],
)
async def test_an_impossible_action_gets_an_error(
    browser: Browser, act: str, details: dict[str, Any], status: int
) -> None:
    assert (await browser.act(act, **details))[0] == status
    assert (await browser.act("say", text="well"))[0] == 200


async def test_faults_are_set_on_the_page(scene: Scene, browser: Browser) -> None:
    assert (await browser.act("faults", name="refuse", value=0.5))[1]["faults"]["refuse"] == 0.5
    assert scene.messenger.faults.refuse == 0.5
    await browser.act("faults", clear=True)
    assert scene.messenger.faults.refuse == 0
    assert (await browser.act("stats"))[1]["stats"]["pending"] == 0


async def test_files_are_uploaded_and_served_in_a_sandbox(scene: Scene, browser: Browser) -> None:
    where = f"/send?user={JIHYE.user_id}&chat={JIHYE.user_id}&name="
    assert (await browser.post(where + "a.html", b"<script>alert(1)</script>", "text/html"))[0] == 200
    assert (await browser.post(where + "p.png&as=photo", PNG, "image/png"))[0] == 200
    assert (await browser.post(where + "empty", b"", "text/plain"))[0] == 409
    page, picture = scene.jihye.messages
    assert page.document is not None
    assert picture.photo is not None
    _, body, headers = await browser.get("/take/" + page.document.file_id)
    assert body.startswith(b"<script>")
    assert headers["Content-Type"] == "application/octet-stream"
    assert headers["Content-Disposition"].startswith("attachment")
    assert "sandbox" in headers["Content-Security-Policy"]
    _, body, headers = await browser.get("/take/" + picture.photo.file_id)
    assert (body, headers["Content-Type"]) == (PNG, "image/png")


async def test_a_mini_app_is_launched_with_signed_data(scene: Scene, browser: Browser) -> None:
    app = InlineKeyboardMarkup([[InlineKeyboardButton("Open", web_app=WebAppInfo("http://127.0.0.1:9/app"))]])
    await scene.bot.send_message(JIHYE.user_id, "app", reply_markup=app)
    url = scene.jihye.opens_app("Open")
    assert (await browser.act("app", url="http://127.0.0.1:9/app"))[1]["url"] == url
    (data,) = parse_qs(urlsplit(url).fragment)["tgWebAppData"]
    fields = dict(parse_qsl(data))
    given = fields.pop("hash")
    checked = "\n".join(f"{name}={value}" for name, value in sorted(fields.items()))
    secret = hmac.new(b"WebAppData", TOKEN.encode(), hashlib.sha256).digest()
    assert hmac.new(secret, checked.encode(), hashlib.sha256).hexdigest() == given
    assert json.loads(fields["user"])["id"] == JIHYE.user_id


async def test_a_page_sends_inline_queries_and_picks(scene: Scene, browser: Browser) -> None:
    asking = asyncio.create_task(browser.act("inline", text="x"))
    await scene.messenger.until(lambda m: m.stats.pending)
    (update,) = await scene.bot.get_updates()
    assert update.inline_query is not None
    result = InlineQueryResultArticle("1", "T", InputTextMessageContent("text"), description="d")
    await update.inline_query.answer([result], next_offset="2")
    status, answer = await asking
    offer = answer["offer"]
    assert (status, offer["query"]) == (200, update.inline_query.id)
    assert offer["results"] == [{"id": "1", "title": "T", "description": "d"}]
    assert (offer["button"], offer["next_offset"]) == (None, "2")
    assert (await browser.act("pick", query=offer["query"], result="2"))[0] == 409
    assert (await browser.act("pick", query=offer["query"], result="1"))[0] == 200
    assert scene.jihye.messages[-1].text == "text"


async def test_a_page_does_not_wait_for_a_silent_bot_or_an_older_query(
    open_scene: OpenScene,
) -> None:
    scene = await open_scene(Limits(inline_age=0.05))
    async with aiohttp.ClientSession() as session:
        assert (await Browser(scene, session).act("inline", text="x"))[1]["offer"] is None
    scene = await open_scene(Limits(inline_age=3600))
    async with aiohttp.ClientSession() as session:
        older = asyncio.create_task(Browser(scene, session).act("inline", text="x"))
        await scene.messenger.until(lambda m: m.stats.pending)
        await scene.jihye.types_inline("y")
        assert (await older)[1]["offer"] is None


async def test_the_server_listens_on_loopback_only(open_scene: OpenScene) -> None:
    scene = await open_scene()
    with pytest.raises(ValueError, match="loopback only"):
        await scene.messenger.start("0.0.0.0")


def test_both_languages_have_the_same_messages() -> None:
    korean, english = load_messages("ko"), load_messages("en")
    assert list(korean) == list(english)
    holes = re.compile(r"\{(\w+)\}")
    for key, text in korean.items():
        assert sorted(holes.findall(text)) == sorted(holes.findall(english[key])), key


def test_every_message_is_used_and_every_used_message_exists() -> None:
    site = files("handlers.local").joinpath("site")
    source = "\n".join(item.read_text("utf-8") for item in site.iterdir() if item.name.endswith(".js"))
    used = set(re.findall(r"\bt\(\"([\w.]+)\"", source)) | set(re.findall(r"\"([a-z_]+\.[a-z_.]+)\"", source))
    families = ("card.", "tab.", "error.", "fault.", "gateway.", "guide.", "unit.", "language.")
    known = set(load_messages("ko"))
    assert {key for key in used if "." in key and key.split(".")[0] in {k.split(".")[0] for k in known}} <= known
    assert {key for key in known if not key.startswith(families)} <= used | set(re.findall(r"\"([\w.]+)\"", source))


def test_text_never_becomes_markup() -> None:
    for item in files("handlers.local").joinpath("site").iterdir():
        source = item.read_text("utf-8")
        for trap in ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval("):
            assert trap not in source, item.name
        assert len(source.splitlines()) <= 400, item.name
