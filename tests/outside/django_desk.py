"""A bot with a real django-ca, and a proxy in between; it knows only what the settings and its database say."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding

from bot.issuing.outside import build
from bot.issuing.outside.protocol import DONE, Engine, Order, Step
from bot.issuing.port import Applicant
from bot.settings.settings import parse
from ca.asn1.der import spki_of
from tests.outside.desk import Clock, Desk
from tests.outside.django_ca import PASSWORD, USER, DjangoCa
from tests.outside.stock import private
from tests.support.authority import HOLDER, IDN, NAME, key
from tests.support.lossy_proxy import LosingLine, losing

HOLDERS = iter(range(1000))
#: The key of every certificate that is to be replaced.
OLD = 100


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
        place = parse({"CA_ENGINE": "django-ca", **given, **changes}).outside
        assert place is not None
        return build.engine(place)

    async def reissue(self, number: int, **changes: str) -> x509.Certificate:
        """Begin as a new process does: it knows nothing but what is stored."""
        self.desk = await self.desk.again(self.engine(**changes))
        applicant = Applicant(self.holder, NAME, IDN)
        serial = f"{self.old.serial_number:X}"
        opened = await self.desk.issuer.enrol(f"r-{self.holder}", applicant, serial)
        certified = await self.desk.issuer.redeem(opened.reference, opened.authorization, key(number).pkcs8)
        return x509.load_der_x509_certificate(certified.der)

    async def rows(self, number: int, revoked: bool = False) -> list[dict[str, Any]]:
        """Ask the authority itself what it has of this key; those that are revoked too, if that is said."""
        path = f"{self.stock.url}ca/{self.stock.serial}/certs/?revoked={str(revoked).lower()}"
        headers = {"Authorization": aiohttp.encode_basic_auth(USER, PASSWORD)}
        async with aiohttp.ClientSession(headers=headers) as session, session.get(path) as answer:
            rows = await answer.json()
        return [row for row in rows if spki_of(_certificate(row)) == key(number).spki]

    async def there(self, number: int, revoked: bool = False) -> list[x509.Certificate]:
        return [_certificate(row) for row in await self.rows(number, revoked)]

    async def why_revoked(self, certificate: x509.Certificate) -> str | None:
        """Return the reason that stands at the authority; `None` if it is in use."""
        rows = await self.rows(OLD, revoked=True)
        row = next(each for each in rows if _certificate(each) == certificate)
        return str(row["revoked_reason"]) if row["revoked"] else None

    async def statuses(self) -> list[str]:
        """What the bot believes."""
        return sorted(each.status for each in await self.desk.issuer.held(self.holder))

    def order(self, number: int) -> Order:
        return Order("r", NAME, key(number).pkcs8, b"", self.old.public_bytes(Encoding.DER))


def _certificate(row: dict[str, Any]) -> x509.Certificate:
    return x509.load_pem_x509_certificate(row["certificate"]["pem"].encode())


@asynccontextmanager
async def opened(stock: DjangoCa, folder: Path) -> AsyncIterator[Ends]:
    """Yield a bot that has adopted a certificate which the authority issued."""
    (folder / "password").write_text(PASSWORD)
    (folder / "password").chmod(0o600)
    number = next(HOLDERS)
    async with losing(stock.port) as line:
        ends = Ends(stock, line, None, f"{HOLDER}-{number}", None, folder)  # type: ignore[arg-type]
        engine = ends.engine()
        # What the first one replaces is nobody's there.
        order = Order(f"old-{number}", NAME, key(OLD).pkcs8, b"", nobodys(number))
        ends.old = await through(engine, engine.begin(order))
        ends.desk = await Desk.opened(folder, engine, Clock(datetime.now(UTC)))
        await ends.desk.issuer.adopt(ends.holder, ends.old.public_bytes(Encoding.DER))
        yield ends
        await ends.desk.close()


def nobodys(number: int, begins: timedelta = timedelta()) -> bytes:
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"{NAME}(){number}")])
    begin = datetime.now(UTC).replace(microsecond=0) + begins
    builder = x509.CertificateBuilder(name, name, private(OLD).public_key(), 5, begin, begin + timedelta(days=200))
    return builder.sign(private(OLD), hashes.SHA256()).public_bytes(Encoding.DER)


async def through(engine: Engine, step: Step) -> x509.Certificate:
    """Go from step to step, without a bot."""
    while step.stage != DONE:
        step = await engine.advance(step)
    assert step.certificate is not None
    return x509.load_der_x509_certificate(step.certificate)
