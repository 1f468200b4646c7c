"""The authority over HTTP: CRLs, OCSP and the CA certificates (RFC 5280 4.2.1.13, RFC 6960 A, RFC 5019).

Calls to the authority block on disk and arithmetic, so each runs on a thread beside the event loop.
"""

import asyncio
import hashlib
from collections.abc import Callable
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from ca.authority import Authority
from ca.cmp.route import routes as cmp_routes
from ca.keys.issuing_keys import file_stem
from ca.status import ocsp
from ca.values.refusals import CaRefusal, LedgerBroken

CRL_TYPE = "application/pkix-crl"
CERTIFICATE_TYPE = "application/pkix-cert"
OCSP_TYPE = "application/ocsp-response"
#: Browsers and caches may keep a CRL for this long before they ask whether it changed.
CRL_SECONDS = 60


class Status:
    """The routes of one authority."""

    def __init__(self, authority: Authority) -> None:
        self._authority = authority

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/crl/root.crl", self._root_crl),
            Route("/crl/{stem}.crl", self._crl),
            Route("/crl/{stem}/{part:int}.crl", self._crl),
            Route("/ca/{stem}.cer", self._certificate),
            Route("/ocsp", self._ocsp_post, methods=["POST"]),
            Route("/ocsp/{question:path}", self._ocsp_get, methods=["GET"]),
            Route("/cps", self._cps),
            *cmp_routes(self._authority.cmp),
        ]

    async def _root_crl(self, request: Request) -> Response:
        return await _list(request, self._authority.root_crl)

    async def _crl(self, request: Request) -> Response:
        ordinal, part = self._ordinal(request.path_params["stem"]), request.path_params.get("part")
        if ordinal is None or (part is not None and part >= self._authority.most_parts):
            return _nothing()
        return await _list(request, lambda: self._authority.crl(ordinal, part))

    def _ordinal(self, stem: str) -> int | None:
        stems = {file_stem(number): number for number in range(1, len(self._authority.issuers) + 1)}
        return stems.get(stem)

    async def _certificate(self, request: Request) -> Response:
        stem = request.path_params["stem"]
        ordinal = self._ordinal(stem)
        if stem == "root":
            return _cached(self._authority.chain.root, CERTIFICATE_TYPE)
        if ordinal is None:
            return _nothing()
        return _cached(self._authority.issuers[ordinal - 1], CERTIFICATE_TYPE)

    async def _ocsp_post(self, request: Request) -> Response:
        question = bytearray()
        async for part in request.stream():
            question += part
            if len(question) > ocsp.MAX_BYTES:
                return Response(status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        return await self._answered(bytes(question))

    async def _ocsp_get(self, request: Request) -> Response:
        try:
            question = ocsp.decode_path(request.path_params["question"])
        except ValueError:
            question = b""
        return await self._answered(question)

    async def _answered(self, question: bytes) -> Response:
        # A hop to a thread and back takes longer than repeating a cached response.
        answer = self._authority.ocsp_kept(question)
        if answer is None:
            answer = await asyncio.to_thread(self._authority.ocsp, question)
        response = Response(answer.content, media_type=OCSP_TYPE)
        if answer.fresh_until is None:
            response.headers["Cache-Control"] = "no-store"
        else:  # Never longer than a minute: a revocation must become known.
            response.headers["Cache-Control"] = f"max-age={CRL_SECONDS}, public, no-transform, must-revalidate"
            response.headers["ETag"] = _tag(answer.content)
        return response

    async def _cps(self, _request: Request) -> Response:
        return PlainTextResponse(self._authority.settings.practices)


async def _list(request: Request, make: Callable[[], bytes]) -> Response:
    try:
        content = await asyncio.to_thread(make)
    except (CaRefusal, LedgerBroken):
        return Response(status_code=HTTPStatus.SERVICE_UNAVAILABLE, headers={"Retry-After": "10"})
    response = _cached(content, CRL_TYPE)
    if request.headers.get("If-None-Match") == response.headers["ETag"]:
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=dict(response.headers.items()))
    return response


def _cached(content: bytes, media_type: str) -> Response:
    headers = {"Cache-Control": f"max-age={CRL_SECONDS}, public", "ETag": _tag(content)}
    return Response(content, media_type=media_type, headers=headers)


def _tag(content: bytes) -> str:
    return f'"{hashlib.sha256(content).hexdigest()[:32]}"'


def _nothing() -> Response:
    return PlainTextResponse("there is no such file here\n", status_code=HTTPStatus.NOT_FOUND)


def application(authority: Authority) -> Starlette:
    """Return the authority's web side as an ASGI application."""
    return Starlette(routes=Status(authority).routes)
