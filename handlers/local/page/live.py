"""The server side of the chat page: its files, a WebSocket to every open page, and the actions."""

import asyncio
import json
from collections.abc import Callable
from importlib.resources import files
from importlib.resources.abc import Traversable
from urllib.parse import quote, unquote

from aiohttp import WSMsgType, web

from handlers.local.page.actions import ActionRefused, PageActions
from handlers.local.wire.json_shapes import JSON, dump
from handlers.local.world.files import image_type

LANGUAGES = ("ko", "en")
MAX_FRAME_BYTES = 64 * 1024
MAX_QUEUED_CHANGES = 5000  #: a page that is further behind is disconnected and starts again from a snapshot
MEDIA_TYPES = {"html": "text/html", "css": "text/css", "js": "text/javascript", "svg": "image/svg+xml"}
SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        "form-action 'none'; base-uri 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
FILE_HEADERS = {**SECURITY_HEADERS, "Content-Security-Policy": "default-src 'none'; sandbox"}


class Page:
    def __init__(self, actions: PageActions, upload: int) -> None:
        self._actions = actions
        self._upload = upload
        self._site = load_site(files("handlers.local").joinpath("site"))
        self._open: set[web.WebSocketResponse] = set()

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        path = unquote(request.path)
        if request.method == "POST":
            return await self._post(request, path)
        if path == "/live":
            return await self._live(request)
        if path.startswith("/take/"):
            return self._file(path.removeprefix("/take/"))
        if path.startswith("/attachment/"):
            return self._attachment(path.removeprefix("/attachment/"))
        found = self._site.get("index.html" if path == "/" else path.removeprefix("/"))
        if found is None:
            return web.Response(status=404, text="Not Found", headers=SECURITY_HEADERS)
        content, mime = found
        return web.Response(body=content, content_type=mime, charset="utf-8", headers=SECURITY_HEADERS)

    async def close(self) -> None:
        for socket in tuple(self._open):
            await socket.close()

    async def _post(self, request: web.BaseRequest, path: str) -> web.Response:
        if "Origin" not in request.headers:
            return web.Response(status=403, text="Forbidden", headers=SECURITY_HEADERS)
        try:
            if path == "/send":
                return ok_response(await self._send(request))
            if path != "/act" or request.content_type != "application/json":
                return web.Response(status=404, text="Not Found", headers=SECURITY_HEADERS)
            return ok_response(await self._actions.perform(json.loads(await request.read())))
        except ActionRefused as reason:
            return web.Response(status=409, body=dump({"error": str(reason)}), content_type="application/json")
        except (KeyError, TypeError, ValueError, AttributeError):
            return web.Response(status=400, body=dump({"error": "malformed"}), content_type="application/json")

    async def _send(self, request: web.BaseRequest) -> JSON:
        content = bytearray()
        async for chunk in request.content.iter_any():
            content += chunk
            if len(content) > self._upload:
                raise ActionRefused("too_big")
        return await self._actions.send(dict(request.query), bytes(content), request.content_type)

    async def _live(self, request: web.BaseRequest) -> web.WebSocketResponse:
        """Sends a snapshot, then every change. The page connects again after a disconnect."""
        socket = web.WebSocketResponse(heartbeat=20, max_msg_size=MAX_FRAME_BYTES)
        await socket.prepare(request)
        changes: asyncio.Queue[JSON | None] = asyncio.Queue(MAX_QUEUED_CHANGES)
        leave = self._actions.watch(queue_changes(changes))
        self._open.add(socket)
        try:
            async with asyncio.TaskGroup() as tasks:
                writer = tasks.create_task(self._write(socket, changes))
                await wait_until_closed(socket)
                writer.cancel()
        finally:
            leave()
            self._open.discard(socket)
        return socket

    async def _write(self, socket: web.WebSocketResponse, changes: asyncio.Queue[JSON | None]) -> None:
        await socket.send_str(dump(self._actions.snapshot()).decode())
        while (change := await changes.get()) is not None:
            await socket.send_str(dump(change).decode())
        await socket.close()

    def _file(self, file_id: str) -> web.Response:
        stored = self._actions.file(file_id)
        if stored is None:
            return web.Response(status=404, text="Not Found", headers=SECURITY_HEADERS)
        return file_response(stored.name, stored.content)

    def _attachment(self, place: str) -> web.Response:
        order, _, number = place.partition("/")
        found = self._actions.attachment(int(order), int(number)) if order.isdigit() and number.isdigit() else None
        if found is None:
            return web.Response(status=404, text="Not Found", headers=SECURITY_HEADERS)
        return file_response(found.name, found.content)


def queue_changes(changes: "asyncio.Queue[JSON | None]") -> Callable[[JSON], None]:
    def feed(change: JSON) -> None:
        if changes.full():
            while not changes.empty():
                changes.get_nowait()
            changes.put_nowait(None)
            return
        changes.put_nowait(change)

    return feed


async def wait_until_closed(socket: web.WebSocketResponse) -> None:
    """Returns when the page has disconnected. Ignores what it sends: actions come by POST."""
    async for message in socket:
        if message.type is WSMsgType.ERROR:
            return


def file_response(name: str, content: bytes) -> web.Response:
    """A file from a chat: shown if its bytes are a picture, otherwise a download that no browser runs."""
    picture = image_type(content)
    if picture:
        return web.Response(body=content, content_type=picture, headers=FILE_HEADERS)
    headers = {**FILE_HEADERS, "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}"}
    return web.Response(body=content, content_type="application/octet-stream", headers=headers)


def ok_response(result: JSON) -> web.Response:
    return web.Response(body=dump({"ok": True, **result}), content_type="application/json", headers=SECURITY_HEADERS)


def load_site(folder: Traversable) -> dict[str, tuple[bytes, str]]:
    """The files and messages of the page, by path. Read once, so no other path exists."""
    site = {}
    for item in folder.iterdir():
        ending = item.name.rpartition(".")[2]
        if ending in MEDIA_TYPES:
            site[item.name if item.name == "index.html" else f"site/{item.name}"] = (
                item.read_bytes(),
                MEDIA_TYPES[ending],
            )
    for language in LANGUAGES:
        site[f"messages/{language}.json"] = (dump(load_messages(language)), "application/json")
    return site


def load_messages(language: str) -> dict[str, str]:
    catalog: dict[str, str] = json.loads(files("locales").joinpath(language, "messenger.json").read_bytes())
    return catalog
