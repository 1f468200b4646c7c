"""A Bot API server that fails as the method's name asks it to."""

import asyncio
import contextlib
import hashlib
import json
from collections.abc import AsyncIterator

from aiohttp import web

MESSAGE = {"message_id": 7, "date": 0, "chat": {"id": 5, "type": "private"}}
ANSWERS = {
    400: {"ok": False, "error_code": 400, "description": "Bad Request: message text is empty"},
    401: {"ok": False, "error_code": 401, "description": "Unauthorized"},
    403: {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"},
    404: {"ok": False, "error_code": 404, "description": "Not Found"},
    409: {"ok": False, "error_code": 409, "description": "Conflict: terminated by other getUpdates request"},
    429: {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests",
        "parameters": {"retry_after": 17},
    },
    410: {"ok": False, "error_code": 400, "description": "moved", "parameters": {"migrate_to_chat_id": -100}},
    500: {"ok": False, "error_code": 500, "description": "Internal Server Error"},
    502: {"ok": False, "error_code": 502, "description": "Bad Gateway"},
}


class FakeServer:
    """Answers as the method's name says: `say-429`, `hang`, `reset`, `page`, `drip`, and echoes otherwise."""

    def __init__(self) -> None:
        self.connections: set[object] = set()
        self.in_hand = self.most_in_hand = 0
        self.agents: set[str] = set()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        self.connections.add(request.transport)
        self.agents.add(request.headers["User-Agent"])
        self.in_hand += 1
        self.most_in_hand = max(self.most_in_hand, self.in_hand)
        try:
            kind, _, detail = request.match_info["method"].partition("-")
            return await getattr(self, kind, FakeServer.echo)(self, request, detail)
        finally:
            self.in_hand -= 1

    @staticmethod
    async def echo(_: "FakeServer", request: web.Request, __: str) -> web.Response:
        if request.content_type == "application/json":
            parts = {name: _as_a_form_tells_it(value) for name, value in (await request.json()).items()}
        else:
            parts = {name: await _told(value) for name, value in (await request.post()).items()}
        result = MESSAGE | {"text": json.dumps({"type": request.content_type, "fields": parts})}
        return web.json_response({"ok": True, "result": result})

    async def say(self, _: "FakeServer", request: web.Request, detail: str) -> web.Response:
        await request.read()
        return web.json_response(ANSWERS[int(detail)], status=int(detail))

    async def hang(self, _: "FakeServer", request: web.Request, __: str) -> web.Response:
        await request.read()
        await asyncio.sleep(1)
        return web.json_response({"ok": True, "result": True})

    async def reset(self, _: "FakeServer", request: web.Request, __: str) -> web.Response:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async def page(self, _: "FakeServer", request: web.Request, detail: str) -> web.Response:
        text = f"<html>proxy at {request.path} says 비밀 {await request.text()}</html>"
        return web.Response(status=int(detail), text=text, content_type="text/html")

    async def drip(self, _: "FakeServer", request: web.Request, __: str) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for letter in b'{"ok": true, "result": 1}':
            await response.write(bytes([letter]))
            await asyncio.sleep(0.02)
        return response


def _as_a_form_tells_it(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


async def _told(value: object) -> object:
    if isinstance(value, web.FileField):
        content = value.file.read()
        return [value.filename, value.content_type, len(content), hashlib.sha256(content).hexdigest()]
    return value


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[tuple[FakeServer, str]]:
    fake = FakeServer()
    app = web.Application(client_max_size=64 << 20)
    app.router.add_route("*", "/bot{token}/{method}", fake.answer)
    app.router.add_get("/file/bot{token}/{path:.*}", _file)
    runner = web.AppRunner(app, shutdown_timeout=0.1, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield fake, f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


async def _file(request: web.Request) -> web.Response:
    return web.Response(body=request.match_info["path"].encode() * 100_000)
