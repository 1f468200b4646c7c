"""The desk issues through a django-ca in a process of its own, over REST: by settings alone, and never twice."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from subprocess import run

import aiohttp
import pytest
from aiohttp import web
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from bot.issuing import Applicant, IssuerAway
from bot.outside import opening
from bot.outside.engine import DONE, Engine, Order, Refused
from bot.settings import Raw, parse
from ca.der import spki_of
from tests.outside import django_ca
from tests.outside.desk import Clock, Desk
from tests.outside.django_ca import PASSWORD, USER, DjangoCa
from tests.outside.stock import private
from tests.support.losing import LosingLine, losing
from tests.support.serving import free_port
from tests.unit.ca.bureau import HOLDER, IDN, NAME, key

pytestmark = pytest.mark.judge


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DjangoCa]:
    place = django_ca.made(tmp_path_factory.mktemp("django") / "ca")
    with place.serving():
        yield place


@dataclass
class Ends:
    stock: DjangoCa
    line: LosingLine
    desk: Desk
    holder: str
    old: x509.Certificate
    folder: Path

    def engine(self, **changes: str) -> Engine:
        """Read the settings as the bot does."""
        given = {
            "DJANGO_CA_URL": f"http://127.0.0.1:{self.line.port}/api/",
            "DJANGO_CA_SERIAL": self.stock.serial,
            "DJANGO_CA_PROFILE": "personal",
            "DJANGO_CA_USER": USER,
            "DJANGO_CA_PASSWORD_FILE": str(self.folder / "password"),
            "DJANGO_CA_TRUST": str(self.stock.trust),
        }
        place = parse(Raw(CA_ENGINE="django-ca", **given | changes)).ca_outside
        assert place is not None
        return opening.engine(place)

    async def reissue(self, number: int, **changes: str) -> x509.Certificate:
        """Begin as a new process does: it knows nothing but what is stored."""
        self.desk = await self.desk.again(self.engine(**changes))
        applicant = Applicant(self.holder, NAME, IDN)
        serial = f"{self.old.serial_number:X}"
        opened = await self.desk.issuer.enrol(f"r-{self.holder}", applicant, serial)
        certified = await self.desk.issuer.redeem(opened.reference, opened.authorization, key(number).pkcs8)
        return x509.load_der_x509_certificate(certified.der)

    async def there(self, number: int, revoked: bool = False) -> list[x509.Certificate]:
        """Ask the authority itself for certificates of this key."""
        path = f"{self.stock.url}ca/{self.stock.serial}/certs/?revoked={str(revoked).lower()}"
        headers = {"Authorization": aiohttp.encode_basic_auth(USER, PASSWORD)}
        async with aiohttp.ClientSession(headers=headers) as session, session.get(path) as answer:
            rows = await answer.json()
        parsed = [x509.load_pem_x509_certificate(row["certificate"]["pem"].encode()) for row in rows]
        return [each for each in parsed if spki_of(each) == key(number).spki]


HOLDERS = iter(range(1000))


@pytest.fixture
async def ends(stock: DjangoCa, tmp_path: Path) -> AsyncIterator[Ends]:
    (tmp_path / "password").write_text(PASSWORD)
    (tmp_path / "password").chmod(0o600)
    number = next(HOLDERS)
    async with AsyncExitStack() as stack:
        line = await stack.enter_async_context(losing(stock.port))
        ends = Ends(stock, line, None, f"{HOLDER}-{number}", None, tmp_path)  # type: ignore[arg-type]
        engine = ends.engine()
        clock = Clock(datetime.now(UTC))
        # What the first one replaces is nobody's there.
        order = Order(f"old-{number}", NAME, key(100 + number).pkcs8, b"", nobodys(100 + number))
        ends.old = await through(engine, order)
        ends.desk = await Desk.opened(tmp_path, engine, clock)
        await ends.desk.issuer.adopt(ends.holder, ends.old.public_bytes(Encoding.DER))
        yield ends
        await ends.desk.close()


def nobodys(number: int, begins: timedelta = timedelta()) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"{NAME}(){number}")])
    begin = datetime.now(UTC).replace(microsecond=0) + begins
    builder = x509.CertificateBuilder(
        name, name, private(number).public_key(), 5, begin, begin + timedelta(days=200)
    )
    return builder.sign(private(number), hashes.SHA256()).public_bytes(Encoding.DER)


async def test_a_reissue(ends: Ends) -> None:
    new = await ends.reissue(1)
    assert spki_of(new) == key(1).spki
    assert new.subject == ends.old.subject
    assert abs(new.not_valid_after_utc - ends.old.not_valid_after_utc) < timedelta(minutes=1)
    assert await ends.there(1) == [new]
    assert openssl_verifies(new, ends)
    assert sorted((await statuses(ends)).values()) == ["good", "revoked"]


def openssl_verifies(certificate: x509.Certificate, ends: Ends) -> bool:
    pem = certificate.public_bytes(Encoding.PEM)
    return run(["openssl", "verify", "-CAfile", ends.stock.trust], input=pem, check=False).returncode == 0


async def statuses(ends: Ends) -> dict[str, str]:
    return {each.serial: each.status for each in await ends.desk.issuer.held(ends.holder)}


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
    ends.line.loses += [
        begins[lost].encode()
    ] * 2  # the library asks once more by itself where that is harmless
    with pytest.raises(IssuerAway):
        await ends.reissue(number)
    assert ends.line.lost
    ends.line.loses.clear()
    new = await ends.reissue(number)
    assert await ends.there(number) == [new]
    assert await ends.there(number, revoked=True) == [new]
    assert sorted((await statuses(ends)).values()) == ["good", "revoked"]


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
    assert sorted((await statuses(ends)).values()) == ["good"]


async def test_an_order_that_fails_is_refused(ends: Ends) -> None:
    """Nothing is issued that has expired already."""
    template = nobodys(33, begins=timedelta(days=-400))
    with pytest.raises(Refused):
        await through(ends.engine(), Order("r", NAME, key(33).pkcs8, b"", template))
    assert await ends.there(33) == []


async def through(engine: Engine, order: Order) -> x509.Certificate:
    """Go from step to step, without a desk."""
    step = engine.begin(order)
    while step.stage != DONE:
        step = await engine.advance(step)
    assert step.certificate is not None
    return x509.load_der_x509_certificate(step.certificate)
