"""CMP over HTTP (RFC 9811): POST, one message in and one out."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ca.cmp.message import MAX_BYTES

CONTENT_TYPE = "application/pkixcmp"


def routes(answer: Callable[[bytes], bytes]) -> list[Route]:
    """Return the two usual addresses of the server (RFC 9811 section 3.3)."""

    async def cmp(request: Request) -> Response:
        if request.headers.get("Content-Type", "").partition(";")[0].strip() != CONTENT_TYPE:
            return Response(status_code=HTTPStatus.UNSUPPORTED_MEDIA_TYPE)
        asked = bytearray()
        async for part in request.stream():
            asked += part
            if len(asked) > MAX_BYTES:
                return Response(status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        told = await asyncio.to_thread(answer, bytes(asked))
        return Response(told, media_type=CONTENT_TYPE, headers={"Cache-Control": "no-store"})

    return [Route(path, cmp, methods=["POST"]) for path in ("/cmp", "/.well-known/cmp")]
