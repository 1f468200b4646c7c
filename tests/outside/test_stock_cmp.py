"""The bot issues through the stock `openssl cmp -port`, with settings alone.

With a secret its answers have a MAC with SHA-1, whatever the request had: an authority of the older profile.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from bot.issuing.outside import build
from bot.issuing.outside.protocol import Engine
from bot.issuing.port import IssuerAway, IssuerRefused
from bot.settings.settings import parse
from tests.outside.desk import Clock, Desk
from tests.outside.stock import BY_SECRET, SECRET, StockAuthority, private
from tests.support.authority import HOLDER
from tests.support.authority_server import free_port

pytestmark = pytest.mark.judge
TODAY = datetime(2026, 11, 23, tzinfo=UTC)
NOWHERE = "http://127.0.0.1:1/"


@dataclass
class Ends:
    stock: StockAuthority
    desk: Desk
    old: x509.Certificate
    folder: Path

    def engine(self, url: str, **settings: str) -> Engine:
        """Read the settings as the bot does."""
        credentials = {
            "CMP_REFERENCE": "desk",
            "CMP_SECRET_FILE": str(self.folder / "secret"),
            "CMP_MAC": "sha1",
        }
        given = {"CMP_URL": url, "CMP_TRUST": str(self.stock.folder / "root.pem"), **credentials, **settings}
        place = parse({"CA_ENGINE": "cmp", **given}).outside
        assert place is not None
        return build.engine(place)

    async def reissue(self, url: str, **settings: str) -> str:
        self.desk = await self.desk.again(self.engine(url, **settings))
        certified = await self.desk.reissue(self.serial)
        return certified.serial

    @property
    def serial(self) -> str:
        return f"{self.old.serial_number:X}"


@pytest.fixture
async def ends(tmp_path: Path) -> AsyncIterator[Ends]:
    stock = StockAuthority.made(tmp_path / "stock")
    old = stock.certify("old", 0)
    stock.certify("new", 1)
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "secret").chmod(0o600)
    ends = Ends(stock, None, old, tmp_path)  # type: ignore[arg-type]
    ends.desk = await Desk.opened(tmp_path, ends.engine(NOWHERE), Clock(TODAY))
    await ends.desk.issuer.adopt(HOLDER, old.public_bytes(Encoding.DER))
    yield ends
    await ends.desk.close()


async def revoked_by_the_next(ends: Ends, *options: str, **settings: str) -> str:
    """The stock server revokes only what it returned itself: the old certificate is another one's, begun after it."""
    with ends.stock.answering("old", *options) as url:
        return await ends.reissue(url, **settings)


DIALECTS: list[tuple[tuple[str, ...], dict[str, str]]] = [
    ((), {}),
    (("-grant_implicitconf",), {}),
    ((), {"CMP_CONTROLS": "none"}),
    ((), {"CMP_VERSION": "2", "CMP_CONTROLS": "oldCertID"}),
]


@pytest.mark.parametrize(("options", "settings"), DIALECTS, ids=["confirmed", "implicit", "plain", "one control"])
async def test_a_certificate_and_the_end_of_the_old_one(
    ends: Ends, options: tuple[str, ...], settings: dict[str, str]
) -> None:
    with ends.stock.answering("new", *BY_SECRET, *options) as url, pytest.raises(IssuerAway):
        await ends.reissue(url, **settings)
    assert await ends.desk.statuses() == {ends.serial: "good"}
    serial = await revoked_by_the_next(ends, *BY_SECRET, **settings)
    assert await ends.desk.statuses() == {ends.serial: "revoked", serial: "good"}


async def test_protected_by_a_certificate(ends: Ends) -> None:
    ends.stock.certify("office", 2)
    ends.stock.certify("server", 3)
    for name, number in (("office", 2), ("server", 3)):
        pem = private(number).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        (ends.stock.folder / f"{name}.key").write_bytes(pem)
        (ends.stock.folder / f"{name}.key").chmod(0o600)
    settings = {
        "CMP_REFERENCE": "",
        "CMP_SECRET_FILE": "",
        "CMP_CERTIFICATE": str(ends.stock.folder / "office.pem"),
        "CMP_KEY_FILE": str(ends.stock.folder / "office.key"),
    }
    options = ("-srv_cert", "server.pem", "-srv_key", "server.key", "-srv_trusted", "root.pem")
    with ends.stock.answering("new", *options) as url, pytest.raises(IssuerAway):
        await ends.reissue(url, **settings)
    serial = await revoked_by_the_next(ends, *options, **settings)
    assert await ends.desk.statuses() == {ends.serial: "revoked", serial: "good"}


async def test_an_authority_that_takes_its_time(ends: Ends) -> None:
    """It answers `waiting`; the bot asks again when it was told to, in whatever process."""
    options = (*BY_SECRET, "-poll_count", "3", "-check_after", "5")
    with ends.stock.answering("new", *options) as url:
        for seconds, messages in ((0, 2), (4, 2), (2, 3), (6, 6)):
            ends.desk.clock.at += timedelta(seconds=seconds)
            with pytest.raises(IssuerAway):
                await ends.reissue(url)
            assert ends.stock.said.count("Received request") == messages
    ends.desk.clock.at += timedelta(seconds=60)
    serial = await revoked_by_the_next(ends, *BY_SECRET)
    assert await ends.desk.statuses() == {ends.serial: "revoked", serial: "good"}


async def test_another_key_than_ours_is_not_accepted(ends: Ends) -> None:
    ends.stock.certify("strange", 4)
    with (
        ends.stock.answering("strange", *BY_SECRET) as url,
        pytest.raises(IssuerRefused, match="R15"),
    ):
        await ends.reissue(url)
    assert await ends.desk.statuses() == {ends.serial: "good"}


@pytest.mark.parametrize(("failure", "code"), [("10", "R06"), ("4", "R09"), ("9", "R15"), ("19", "R15")])
async def test_what_the_authority_refuses_for_good(ends: Ends, failure: str, code: str) -> None:
    options = (*BY_SECRET, "-pkistatus", "2", "-failure", failure)
    with ends.stock.answering("new", *options) as url, pytest.raises(IssuerRefused, match=code):
        await ends.reissue(url)


@pytest.mark.parametrize(
    "options",
    [
        (
            "-srv_ref",
            "stock",
            "-srv_secret",
            "pass:another-secret-0123456789-0123456789",
            "-mac",
            "hmacWithSHA256",
        ),
        (*BY_SECRET, "-send_unprotected"),
        (*BY_SECRET, "-pkistatus", "2", "-failure", "24"),
        (*BY_SECRET, "-send_error", "-send_unprot_err", "-failure", "10"),
    ],
    ids=["secret", "unprotected", "busy", "anybody's error"],
)
async def test_what_is_not_believed_keeps_the_customer_waiting(ends: Ends, options: tuple[str, ...]) -> None:
    with ends.stock.answering("new", *options) as url, pytest.raises(IssuerAway):
        await ends.reissue(url)
    assert await ends.desk.statuses() == {ends.serial: "good"}


async def test_a_mac_by_sha1_is_refused_unless_the_settings_say_so(ends: Ends) -> None:
    with ends.stock.answering("new", *BY_SECRET) as url, pytest.raises(IssuerAway):
        await ends.reissue(url, CMP_MAC="sha256")
    assert "Received request" in ends.stock.said
    assert await ends.desk.statuses() == {ends.serial: "good"}


async def test_an_authority_that_is_not_there(ends: Ends) -> None:
    with pytest.raises(IssuerAway):
        await ends.reissue(f"http://127.0.0.1:{free_port()}/")
