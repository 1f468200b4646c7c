"""SMS by HTTP and mails by SMTP, on real sockets, with and without faults."""

from email.message import EmailMessage
from typing import Any

import aiohttp
import aiosmtplib
import pytest

from handlers.local import GatewayState
from tests.contract.local.scene import JIHYE, Scene

CODE = {"to": "010-1234-5678", "text": "code 123456"}


async def post(scene: Scene, body: Any, token: str = "", **headers: str) -> int:
    headers["Authorization"] = f"Bearer {token or scene.messenger.sms_token}"
    async with (
        aiohttp.ClientSession() as session,
        session.post(scene.messenger.sms_url, json=body, headers=headers) as response,
    ):
        return response.status


async def test_an_sms_arrives_for_every_form_of_the_number(scene: Scene) -> None:
    assert await post(scene, CODE) == 200
    assert await post(scene, {"to": "+82 10 1234 5678", "text": "second"}) == 200
    first, second = scene.messenger.sms_of(JIHYE.phone)
    assert (first.text, second.text) == ("code 123456", "second")
    assert first.order < second.order
    assert (await scene.messenger.until_sms(JIHYE.phone, after=first.order)).text == "second"


async def test_a_wrong_token_and_malformed_messages_are_refused(scene: Scene) -> None:
    assert await post(scene, CODE, token="wrong") == 401
    for body in (
        {"to": "010"},
        [],
        {"to": 1, "text": "x"},
        {"to": "010", "text": ""},
        {"to": "010", "text": "x" * 2001},
    ):
        assert await post(scene, body) == 400
    assert scene.messenger.sms_of(JIHYE.phone) == ()


async def test_the_same_idempotency_key_delivers_one_sms(scene: Scene) -> None:
    for _ in range(2):
        assert await post(scene, CODE, **{"Idempotency-Key": "k1"}) == 200
    assert len(scene.messenger.sms_of(JIHYE.phone)) == 1


@pytest.mark.parametrize(("line", "status"), [(GatewayState.ERROR, 500), (GatewayState.REJECT, 400)])
async def test_a_gateway_with_errors(scene: Scene, line: GatewayState, status: int) -> None:
    scene.messenger.faults.sms = line
    assert await post(scene, CODE) == status
    scene.messenger.faults.sms = GatewayState.UP
    assert await post(scene, CODE) == 200
    assert len(scene.messenger.sms_of(JIHYE.phone)) == 1


@pytest.mark.parametrize(("line", "arrived"), [(GatewayState.DOWN, 0), (GatewayState.LOST, 1)])
async def test_a_gateway_that_closes_connections(scene: Scene, line: GatewayState, arrived: int) -> None:
    scene.messenger.faults.sms = line
    with pytest.raises(aiohttp.ClientError):
        await post(scene, CODE)
    assert len(scene.messenger.sms_of(JIHYE.phone)) == arrived


def mail(subject: str = "\uc548\ub0b4") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "bank@example.com"
    message["To"] = JIHYE.email
    message["Subject"] = subject
    message.set_content("\ubcf8\ubb38 text\n")
    message.add_attachment(b"\0der", maintype="application", subtype="pkix-cert", filename="cert.der")
    return message


async def send(scene: Scene) -> None:
    host, port = scene.messenger.smtp_url.removeprefix("smtp://").split(":")
    await aiosmtplib.send(mail(), hostname=host, port=int(port), timeout=5)


async def test_a_mail_reaches_the_mailbox(scene: Scene) -> None:
    await send(scene)
    (got,) = scene.messenger.mail_of(JIHYE.email.upper())
    assert (got.subject, got.sender, got.text) == ("\uc548\ub0b4", "bank@example.com", "\ubcf8\ubb38 text")
    assert [(each.name, each.content) for each in got.attachments] == [("cert.der", b"\0der")]
    assert await scene.messenger.until_mail(JIHYE.email) == got


@pytest.mark.parametrize(
    ("line", "error", "arrived"),
    [
        (GatewayState.DOWN, aiosmtplib.SMTPException, 0),
        (GatewayState.ERROR, aiosmtplib.SMTPDataError, 0),
        (GatewayState.REJECT, aiosmtplib.SMTPRecipientsRefused, 0),
        (GatewayState.LOST, aiosmtplib.SMTPException, 1),
    ],
)
async def test_a_mail_server_with_faults(
    scene: Scene, line: GatewayState, error: type[Exception], arrived: int
) -> None:
    scene.messenger.faults.mail = line
    with pytest.raises(error):
        await send(scene)
    assert len(scene.messenger.mail_of(JIHYE.email)) == arrived
    scene.messenger.faults.clear()
    await send(scene)
    assert len(scene.messenger.mail_of(JIHYE.email)) == arrived + 1
