"""A django-ca that is in doubt: two processes at once, half of it switched off, and answers that mean nothing."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bot.issuing.outside.django_ca import PATIENCE_S, Access, DjangoCaEngine
from bot.issuing.outside.protocol import Away, Refused
from bot.issuing.port import IssuerAway
from tests.outside.django_ca import PASSWORD, USER, DjangoCa
from tests.outside.django_desk import OLD, Ends, nobodys, opened, through
from tests.outside.stock import private

pytestmark = pytest.mark.judge

BASE = "/api/ca/{serial}/"
NONSENSE = {
    "an error": (500, b"<h1>Server Error (500)</h1>"),
    "a list": (200, b"[]"),
    "another's words": (
        200,
        b'{"slug": "../../ca", "status": "issued", "serial": "../..", "extensions": []}',
    ),
    "a page": (200, b"<html>"),
}


@pytest.fixture
async def ends(django: DjangoCa, tmp_path: Path) -> AsyncIterator[Ends]:
    async with opened(django, tmp_path) as ends:
        yield ends


async def test_two_processes_begin_at_once(ends: Ends) -> None:
    """Store one first message: a process that finds another's message there must not assume that it was not sent."""
    first, second = ends.engine(), ends.engine()
    order = ends.order(40)
    stored = first.begin(order)
    second.begin(order)
    following, elsewhere = await first.advance(stored), await second.advance(stored)
    assert following.stage == "wait"
    assert elsewhere.stage == "search"
    await through(first, following)
    assert len(await ends.there(40, revoked=True)) == 1


async def test_one_process_is_asked_twice_at_once(ends: Ends) -> None:
    engine = ends.engine()
    stored = engine.begin(ends.order(41))
    steps = await asyncio.gather(engine.advance(stored), engine.advance(stored))
    assert sorted(step.stage for step in steps) == ["search", "wait"]
    assert len(await ends.there(41, revoked=True)) == 1


async def test_slow_is_not_dead(ends: Ends) -> None:
    """Another has taken over and is done with it when the first, long thought dead, asks: its turn has passed."""
    slow, other = ends.engine(), ends.engine()
    stored = slow.begin(ends.order(42))
    taken_over = await other.advance(stored)
    found_nothing = await other.advance(taken_over)
    await slow.advance(stored)
    new = await through(other, found_nothing)
    assert await ends.there(42) == [new]
    assert len(await ends.there(42, revoked=True)) == 2


async def test_an_authority_switched_off_has_not_revoked(ends: Ends) -> None:
    """It says of itself what it says of a certificate that is not there."""
    engine = ends.engine()
    step = engine.begin(ends.order(43))
    while step.stage != "revoke":
        step = await engine.advance(step)
    ends.stock.switch(on=False)
    try:
        with pytest.raises(Away):
            await engine.advance(step)
    finally:
        ends.stock.switch(on=True)
    assert await ends.why_revoked(ends.old) is None
    await through(engine, step)
    assert await ends.why_revoked(ends.old) == "superseded"


async def test_an_order_that_is_not_done_yet(ends: Ends) -> None:
    """It is asked for again when its time has come, by whatever process."""
    orders = f"GET {BASE}orders/".format(serial=ends.stock.serial).encode()
    ends.line.lies[orders] = _answer(200, b'{"status": "pending", "serial": null}')
    with pytest.raises(IssuerAway):
        await ends.reissue(52)
    with pytest.raises(IssuerAway):
        await ends.reissue(52)
    ends.desk.clock.at += timedelta(seconds=PATIENCE_S)
    assert await ends.there(52, revoked=True) == [await ends.reissue(52)]


@pytest.mark.parametrize("nonsense", NONSENSE)
@pytest.mark.parametrize(
    ("number", "asked"),
    [
        (44, "GET /api/profiles/"),
        (45, f"POST {BASE}sign/"),
        (46, f"GET {BASE}orders/"),
        (47, f"GET {BASE}certs/"),
        (48, f"POST {BASE}certs/"),
    ],
    ids=["profile", "sign", "order", "certificate", "revoke"],
)
async def test_nonsense_at_any_time_is_no_answer(ends: Ends, number: int, asked: str, nonsense: str) -> None:
    number = number * 100 + list(NONSENSE).index(nonsense)
    ends.line.lies[asked.format(serial=ends.stock.serial).encode()] = _answer(*NONSENSE[nonsense])
    with pytest.raises(IssuerAway):
        await ends.reissue(number)
    assert not ends.line.lies
    new = await ends.reissue(number)
    assert await ends.there(number, revoked=True) == [new]
    assert await ends.why_revoked(ends.old) == "superseded"
    assert await ends.statuses() == ["good", "revoked"]


def _answer(status: int, body: bytes) -> bytes:
    head = f"HTTP/1.1 {status} x\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    return head.encode() + body


async def test_a_profile_that_is_not_there(ends: Ends, caplog: pytest.LogCaptureFixture) -> None:
    """It would have signed by its name alone."""
    with pytest.raises(IssuerAway):
        await ends.reissue(49, DJANGO_CA_PROFILE="persnal")
    assert "the authority refuses us" in caplog.text
    assert await ends.there(49) == []


async def test_of_an_authority_that_is_not_in_the_settings(ends: Ends) -> None:
    """Nobody will hold it: it does not stay in use."""
    other = ends.folder / "other.pem"
    other.write_bytes(x509.load_der_x509_certificate(nobodys(0)).public_bytes(Encoding.PEM))
    engine = ends.engine(DJANGO_CA_TRUST=str(other))
    with pytest.raises(Refused, match="R15"):
        await through(engine, engine.begin(ends.order(50)))
    assert await ends.there(50) == []
    assert len(await ends.there(50, revoked=True)) == 1
    assert await ends.why_revoked(ends.old) is None


async def test_an_answer_without_end_and_one_that_never_comes(ends: Ends) -> None:
    asked: list[str] = []

    async def endless(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        answer = web.StreamResponse()
        await answer.prepare(request)
        while True:
            await answer.write(b" " * 65536)

    async def silent(_request: web.Request) -> web.StreamResponse:
        await asyncio.Event().wait()
        raise AssertionError

    for handler, why in ((endless, "ValueError"), (silent, "TimeoutError")):
        async with _served(handler) as url:
            engine = _engine(ends, url, seconds=0.3 if handler is silent else 30.0)
            with pytest.raises(Away, match=why):
                await engine.advance(engine.begin(ends.order(51)))
    assert asked == ["/api/profiles/personal/"]


async def test_the_password_goes_to_nobody_whose_certificate_is_not_trusted(ends: Ends, tmp_path: Path) -> None:
    asked: list[str] = []

    async def answers(request: web.Request) -> web.StreamResponse:
        asked.append(request.path)
        return web.json_response({})

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(_own_word(tmp_path / "server.pem"))
    async with _served(answers, context) as url:
        engine = _engine(ends, url)
        with pytest.raises(Away, match="Certificate"):
            await engine.advance(engine.begin(ends.order(51)))
    assert asked == []


def test_the_password_is_in_no_repr(ends: Ends) -> None:
    assert PASSWORD not in repr(_access(ends, "http://127.0.0.1/"))


def _access(ends: Ends, url: str) -> Access:
    return Access(url, ends.stock.serial, "personal", USER, PASSWORD)


def _engine(ends: Ends, url: str, seconds: float = 30.0) -> DjangoCaEngine:
    return DjangoCaEngine(replace(_access(ends, url), seconds=seconds), ())


@asynccontextmanager
async def _served(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]], context: ssl.SSLContext | None = None
) -> AsyncIterator[str]:
    application = web.Application()
    application.router.add_route("*", "/{any:.*}", handler)
    runner = web.AppRunner(application, access_log=None, handler_cancellation=True)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context).start()
    try:
        yield f"http{'s' if context else ''}://127.0.0.1:{runner.addresses[0][1]}/api/"
    finally:
        await runner.cleanup()


def _own_word(path: Path) -> Path:
    """A certificate for 127.0.0.1 on nobody's word but its own, with its key."""
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    builder = x509.CertificateBuilder(name, name, private(OLD).public_key(), 1, now - timedelta(1), now + timedelta(1))
    host = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    certificate = builder.add_extension(host, critical=False).sign(private(OLD), hashes.SHA256())
    secret = private(OLD).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(secret + certificate.public_bytes(Encoding.PEM))
    return path
