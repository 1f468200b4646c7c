"""The HTTP side of the Bot API: one request is one call. Injects the faults of calls."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl, unquote

from aiohttp import BodyPartReader, web

from handlers.local.wire.faults import Fault, FaultInjector
from handlers.local.wire.json_shapes import JSON, Params, Refusal, Upload, bad, dump, too_many
from handlers.local.wire.limits import Limits
from handlers.local.wire.stats import Stats
from handlers.local.world.server_state import ServerState

UNAUTHORIZED = Refusal(401, "Unauthorized")
NOT_FOUND = Refusal(404, "Not Found")
UNKNOWN_METHOD = Refusal(404, "Not Found: method not found")
TOO_LARGE = Refusal(413, "Request Entity Too Large")
JSON_TYPE = "application/json"
CHUNK_BYTES = 1 << 16

Methods = dict[str, Callable[[Params], Any]]


class Api:
    """Reads a request, injects a fault if one is drawn, calls the method and writes the answer."""

    def __init__(self, state: ServerState, methods: Methods, injector: FaultInjector) -> None:
        self._state = state
        self._stats: Stats = state.stats
        self._injector = injector
        self._calls = {name.lower(): (name, call) for name, call in methods.items()}

    async def handle(self, request: web.BaseRequest, path: str) -> web.Response:
        try:
            name, call = self._find(path)
            return await self._perform(request, name, call)
        except Refusal as refusal:
            return self._refuse(refusal)

    async def download(self, path: str) -> web.Response:
        token, _, place = path.removeprefix("/file/bot").partition("/")
        stored = self._state.files.at(unquote(place))
        if unquote(token) != self._state.token:
            return self._refuse(UNAUTHORIZED)
        if stored is None or len(stored.content) > self._state.limits.download:
            return self._refuse(NOT_FOUND)
        return web.Response(body=stored.content, content_type="application/octet-stream")

    async def perform_webhook_reply(self, body: bytes) -> None:
        """Perform the call in the body of a webhook's answer. Its result is sent to nobody."""
        try:
            arguments = _json_object(body)
            found = self._calls.get(str(arguments.pop("method", "")).lower())
            if found is None:
                raise UNKNOWN_METHOD
            name, call = found
            self._stats.calls[name] += 1
            self._stats.from_webhook += 1
            result = call(Params(arguments))
            if isinstance(result, Awaitable):
                await result
        except Refusal as refusal:
            self._stats.refused[refusal.code] += 1

    def _find(self, path: str) -> tuple[str, Callable[[Params], Any]]:
        token, _, method = path.removeprefix("/bot").partition("?")[0].partition("/")
        if unquote(token) != self._state.token:
            raise UNAUTHORIZED
        found = self._calls.get(method.lower())
        if found is None:
            raise UNKNOWN_METHOD
        return found

    async def _perform(self, request: web.BaseRequest, name: str, call: Callable[[Params], Any]) -> web.Response:
        params = await read_params(request, self._state.limits)
        self._stats.calls[name] += 1
        fault = self._injector.call(name)
        if self._injector.faults.slow_ms:
            await asyncio.sleep(self._injector.faults.slow_ms / 1000)
        if fault is not None and fault is not Fault.LOSE:
            return self._fail(request, fault)
        result = call(params)
        if isinstance(result, Awaitable):
            result = await result
        if fault is Fault.LOSE:
            close_connection(request)
        return web.Response(body=dump({"ok": True, "result": result}), content_type=JSON_TYPE)

    def _fail(self, request: web.BaseRequest, fault: Fault) -> web.Response:
        if fault is Fault.STORM:
            raise too_many(max(1, self._injector.faults.storm_seconds))
        if fault is Fault.RESET:
            close_connection(request)
        return web.Response(status=502, text="<html><h1>502 Bad Gateway</h1></html>", content_type="text/html")

    def _refuse(self, refusal: Refusal) -> web.Response:
        self._stats.refused[refusal.code] += 1
        headers = {"Retry-After": str(refusal.retry_after)} if refusal.retry_after else None
        body = dump(refusal.body())
        return web.Response(status=refusal.code, body=body, content_type=JSON_TYPE, headers=headers)


def close_connection(request: web.BaseRequest) -> None:
    """Closes the connection without an answer."""
    if request.transport is not None:
        request.transport.abort()


async def read_params(request: web.BaseRequest, limits: Limits) -> Params:
    """The arguments, from the query, a form, a JSON object or a multipart form, as the Bot API accepts them."""
    kind = request.content_type
    query = dict(request.query) if "?" in request.raw_path else {}
    if kind == "multipart/form-data":
        return await _multipart_params(request, query, limits)
    if request.can_read_body and (request.content_length or 0) > limits.upload:
        raise TOO_LARGE
    body = await request.read() if request.can_read_body else b""
    if kind == JSON_TYPE and body:
        return Params({**query, **_json_object(body)})
    return Params({**query, **dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True))})


def _json_object(body: bytes) -> JSON:
    value = Params({"body": body.decode("utf-8", "replace")}).data("body", "can't parse JSON object")
    if not isinstance(value, dict):
        raise bad("can't parse JSON object")
    return value


async def _multipart_params(request: web.BaseRequest, query: dict[str, str], limits: Limits) -> Params:
    """Reads into memory: a temporary file would leave customers' documents on disk."""
    values: dict[str, Any] = dict(query)
    uploads: dict[str, Upload] = {}
    left = limits.upload + (1 << 20)
    async for part in await request.multipart():
        if not isinstance(part, BodyPartReader) or part.name is None:
            continue
        content = bytearray()
        while chunk := await part.read_chunk(CHUNK_BYTES):
            content += chunk
            if len(content) > left:
                raise TOO_LARGE
        left -= len(content)
        if part.filename is None:
            values[part.name] = content.decode("utf-8", "replace")
        else:
            mime = part.headers.get("Content-Type", "application/octet-stream")
            uploads[part.name] = Upload(part.filename, mime, bytes(content))
    return Params(values, uploads)
