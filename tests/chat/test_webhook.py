"""Updates by webhook: stored, then answered; a request without the secret is ignored."""

import asyncio
import io
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
from cryptography import x509

from handlers.telegram.webhook import SECRET_HEADER
from tests.support.customers import GILDONG, persona
from tests.support.local_telegram import Customer, LocalTelegram, local_telegram

SECRET = "a-secret-of-the-test_0123456789"


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@pytest.fixture(params=[SECRET, ""], ids=["secret set", "secret made"])
async def hooked(request: pytest.FixtureRequest, template: Path, tmp_path: Path) -> AsyncIterator[LocalTelegram]:
    address = f"127.0.0.1:{free_port()}"
    settings = {
        "WEBHOOK_URL": f"http://{address}/telegram",
        "LISTEN": address,
        "WEBHOOK_SECRET": request.param,
    }
    async with local_telegram(template, tmp_path / "data", [GILDONG], [persona(GILDONG, 101)], **settings) as made:
        yield made


@pytest.fixture
def gildong(hooked: LocalTelegram) -> Customer:
    return hooked.customer(101, "ko", GILDONG)


async def posts(place: LocalTelegram, body: bytes, **headers: str) -> tuple[int, bytes]:
    async with (
        aiohttp.ClientSession() as session,
        session.post(place.settings.webhook.url, data=io.BytesIO(body), headers=headers) as answer,
    ):
        return answer.status, await answer.read()


async def test_the_whole_way(hooked: LocalTelegram, gildong: Customer) -> None:
    hooked.messenger.faults.duplicate = 0.5

    await gildong.reissues(GILDONG)

    assert hooked.messenger.stats.calls["getUpdates"] == 0
    assert hooked.messenger.stats.calls["answerCallbackQuery"] > 5
    assert hooked.messenger.stats.from_webhook == hooked.messenger.stats.calls["answerCallbackQuery"]
    assert await hooked.rows("SELECT outcome FROM applications") == [("issued",)]


async def test_a_question_in_another_chat_is_answered_and_not_stored(hooked: LocalTelegram, gildong: Customer) -> None:
    offer = await gildong.person.asks_inline("재발급 수수료가 얼마예요?")

    assert offer.results[0].id == "fees"
    assert await hooked.rows("SELECT COUNT(*) FROM inbox") == [(0,)]


async def test_beside_the_webhook_relying_parties_are_told_that_the_old_certificate_is_gone(
    hooked: LocalTelegram, gildong: Customer
) -> None:
    await gildong.reissues(GILDONG)
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{hooked.settings.web.public_url}/crl/issuing.crl") as answer,
    ):
        listed = x509.load_der_x509_crl(await answer.read())
    assert [each.extensions[0].value.reason for each in listed] == [x509.ReasonFlags.superseded]


@pytest.mark.parametrize("secret", ["", "wrong", SECRET[:-1], SECRET + "x", "é"])
async def test_nobody_without_the_secret_is_heard(hooked: LocalTelegram, secret: str) -> None:
    message = b'{"update_id": 1, "message": {"message_id": 1, "date": 1, "chat": {"id": 101, "type": "private"}}}'

    assert await posts(hooked, message, **{SECRET_HEADER: secret}) == (401, b"")
    assert await posts(hooked, message) == (401, b"")

    assert await hooked.rows("SELECT COUNT(*) FROM inbox") == [(0,)]


async def test_what_is_no_update_is_refused_without_a_word(template: Path, tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_port()}"
    settings = {"WEBHOOK_URL": f"http://{address}/telegram", "LISTEN": address, "WEBHOOK_SECRET": SECRET}
    async with local_telegram(template, tmp_path / "data", [GILDONG], [persona(GILDONG, 101)], **settings) as place:
        bodies = [b"", b"{", b"[]", b"7", b"{}", b'{"update_id": "x"}', b'{"update_id": null}', b"\xff\xfe",
                  b"[" * 100_000, b'{"update_id": ' + b"9" * 30 + b"}"]  # fmt: skip
        answers = await asyncio.gather(*(posts(place, body, **{SECRET_HEADER: SECRET}) for body in bodies))
        assert [status for status, _ in answers] == [400] * len(bodies)
        assert (await posts(place, b" " * (2 << 20), **{SECRET_HEADER: SECRET}))[0] == 413
        assert (await posts(place, b'{"update_id": 5, "message": 7}', **{SECRET_HEADER: SECRET}))[0] == 200
        customer = place.customer(101)
        await customer.person.starts()
        await customer.sees("card.idle")
