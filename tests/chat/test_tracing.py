"""Traces: a span for every update, job and delivery, with its reference, and without personal data or tokens."""

import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.core import correlation, tracing
from tests.support.customers import GILDONG
from tests.support.local_telegram import PASSWORD, TOKEN, Customer, LocalTelegram

memory = pytest.importorskip("opentelemetry.sdk.trace.export.in_memory_span_exporter", reason="the extra otel")
export = pytest.importorskip("opentelemetry.sdk.trace.export", reason="the extra otel")


@pytest.fixture
def spans() -> Iterator[Callable[[], Any]]:
    exporter = memory.InMemorySpanExporter()
    provider = tracing.tracing(export.SimpleSpanProcessor(exporter))
    try:
        yield exporter.get_finished_spans
    finally:
        provider.shutdown()


async def test_every_piece_of_work_is_a_span_without_a_person(
    place: LocalTelegram, gildong: Customer, spans: Callable[[], Any]
) -> None:
    await gildong.reissues(GILDONG)
    await place.quiet()

    found = spans()

    names = {each.name for each in found}
    assert names >= {
        "update",
        "job send_code",
        "job assess",
        "job issue",
        "send chat",
        "send sms",
        "send mail",
    }
    references = {each.attributes[tracing.REFERENCE] for each in found}
    assert all(each.startswith(("E-", "J-")) for each in references if each)
    told = "\n".join(each.to_json() for each in found)
    for secret in (GILDONG.phone, GILDONG.email, GILDONG.account, PASSWORD, TOKEN):
        assert secret not in told


def test_what_an_error_says_is_in_no_span(spans: Callable[[], Any]) -> None:
    with pytest.raises(ValueError, match="홍길동"), correlation.handling("E-1", "update"):
        raise ValueError("홍길동")
    (span,) = spans()
    assert span.events == ()
    assert span.status.description is None


def test_it_is_off_unless_a_collector_is_named(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv(tracing.ENDPOINT, raising=False)
    assert tracing.started() is None
    monkeypatch.setenv(tracing.ENDPOINT, "http://127.0.0.1:1")
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with caplog.at_level(logging.WARNING):
        assert tracing.started() is None
    assert "otel" in caplog.text


async def test_a_collector_hears_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    heard: list[tuple[str, bytes]] = []

    async def take(request: web.Request) -> web.Response:
        heard.append((request.path, await request.read()))
        return web.Response()

    async with TestServer(_collector(take)) as server:
        monkeypatch.setenv(tracing.ENDPOINT, str(server.make_url("")).rstrip("/"))
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_COMPRESSION", "none")
        traces = tracing.started()
        assert traces is not None
        with correlation.handling("E-77", "update"):
            pass
        await asyncio.to_thread(traces.shutdown)

    ((path, body),) = heard
    assert path == "/v1/traces"
    assert b"E-77" in body
    with correlation.handling("E-78", "update"):
        assert correlation.current() == "E-78", "and afterwards nothing is traced any more"


def _collector(take: Callable[[web.Request], Awaitable[web.Response]]) -> web.Application:
    app = web.Application()
    app.router.add_post("/v1/traces", take)
    return app
