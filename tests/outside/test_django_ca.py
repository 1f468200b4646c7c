"""The bot issues through a django-ca in a process of its own, over REST: with settings alone, and never twice."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from subprocess import run

import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from bot.issuing.outside.protocol import Order, Refused
from bot.issuing.port import IssuerAway
from ca.asn1.der import spki_of
from tests.outside.django_ca import DjangoCa
from tests.outside.django_desk import Ends, nobodys, opened, through
from tests.support.authority import NAME, key
from tests.support.authority_server import free_port

pytestmark = pytest.mark.judge


@pytest.fixture
async def ends(django: DjangoCa, tmp_path: Path) -> AsyncIterator[Ends]:
    async with opened(django, tmp_path) as ends:
        yield ends


async def test_a_reissue(ends: Ends) -> None:
    new = await ends.reissue(1)
    assert spki_of(new) == key(1).spki
    assert new.subject == ends.old.subject
    assert abs(new.not_valid_after_utc - ends.old.not_valid_after_utc) < timedelta(minutes=1)
    assert await ends.there(1) == [new]
    assert openssl_verifies(new, ends)
    usage = new.extensions.get_extension_for_class(x509.KeyUsage)
    assert usage.critical
    assert usage.value.digital_signature
    assert usage.value.content_commitment
    assert not usage.value.key_encipherment
    assert await ends.why_revoked(ends.old) == "superseded"
    assert await ends.statuses() == ["good", "revoked"]


def openssl_verifies(certificate: x509.Certificate, ends: Ends) -> bool:
    pem = certificate.public_bytes(Encoding.PEM)
    return run(["openssl", "verify", "-CAfile", ends.stock.trust], input=pem, check=False).returncode == 0


@pytest.mark.parametrize("lost", ["sign", "orders", "certs", "revoke"])
async def test_whatever_answer_is_lost_one_certificate_is_in_use(ends: Ends, lost: str) -> None:
    number = 10 + ["sign", "orders", "certs", "revoke"].index(lost)
    base = f"/api/ca/{ends.stock.serial}/"
    begins = {
        "sign": f"POST {base}sign/",
        "orders": f"GET {base}orders/",
        "certs": f"GET {base}certs/",
        "revoke": f"POST {base}certs/",
    }
    ends.line.loses += [begins[lost].encode()] * 2  # the library asks once more by itself where that is harmless
    with pytest.raises(IssuerAway):
        await ends.reissue(number)
    assert ends.line.lost
    ends.line.loses.clear()
    new = await ends.reissue(number)
    assert await ends.there(number) == [new]
    assert await ends.there(number, revoked=True) == [new]
    assert await ends.statuses() == ["good", "revoked"]


async def test_of_two_certificates_of_one_order_one_is_ended(ends: Ends) -> None:
    """The answer was lost, and the search came too early to see what became of it: the end looks once more."""
    base = f"/api/ca/{ends.stock.serial}/"
    ends.line.loses.append(f"POST {base}sign/".encode())
    with pytest.raises(IssuerAway):
        await ends.reissue(20)
    ends.line.lies[f"GET {base}certs/?".encode()] = (
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n[]"
    )
    new = await ends.reissue(20)
    assert not ends.line.lies
    assert await ends.there(20) == [new]
    assert len(await ends.there(20, revoked=True)) == 2


async def test_who_we_are_is_wrong(ends: Ends, caplog: pytest.LogCaptureFixture) -> None:
    (ends.folder / "wrong").write_text("another-password")
    (ends.folder / "wrong").chmod(0o600)
    with pytest.raises(IssuerAway):
        await ends.reissue(30, DJANGO_CA_PASSWORD_FILE=str(ends.folder / "wrong"))
    assert "the authority refuses us" in caplog.text
    assert "another-password" not in caplog.text
    assert await ends.there(30) == []
    assert spki_of(await ends.reissue(30)) == key(30).spki


async def test_nobody_answers(ends: Ends) -> None:
    with pytest.raises(IssuerAway):
        await ends.reissue(31, DJANGO_CA_URL=f"http://127.0.0.1:{free_port()}/api/")


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (500, b"{}"),
        (200, b"<html>"),
        (200, b"[]"),
        (200, b"{}"),
        (200, b'{"slug": 7}'),
        (302, b"{}"),
        (404, b"{}"),
    ],
)
async def test_nonsense_keeps_the_customer_waiting(ends: Ends, status: int, body: bytes) -> None:
    async def answers(_request: web.Request) -> web.Response:
        return web.Response(status=status, body=body)

    application = web.Application()
    application.router.add_route("*", "/{any:.*}", answers)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", port := free_port())
    await site.start()
    try:
        with pytest.raises(IssuerAway):
            await ends.reissue(32, DJANGO_CA_URL=f"http://127.0.0.1:{port}/api/")
    finally:
        await runner.cleanup()
    assert await ends.statuses() == ["good"]


async def test_an_order_that_fails_is_refused(ends: Ends) -> None:
    """Nothing is issued that has expired already."""
    template = nobodys(33, begins=timedelta(days=-400))
    engine = ends.engine()
    with pytest.raises(Refused):
        await through(engine, engine.begin(Order("r", NAME, key(33).pkcs8, b"", template)))
    assert await ends.there(33) == []
