"""The bot issues through an authority elsewhere: whatever is lost on the way, the result is one certificate."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography import x509

from bot.issuing.outside.cmp import CmpEngine
from bot.issuing.port import Applicant, IssuerAway, IssuerRefused, Standing
from ca import Authority, Certificate, Reason, Status
from ca.asn1.vid import read_identify_data, virtual_id
from ca.cmp.client import Client, Dialect, Secret, Trust
from tests.outside.desk import APPLICANT, Clock, Crash, Desk, Line
from tests.support import certificates
from tests.support.authority import HOLDER, IDN, NAME, SmallAuthority, key, order
from tests.support.genuine_npki import CERTIFICATE as GENUINE

SECRET = b"k" * 40


@dataclass
class Ends:
    """Both ends of the line, and the certificate that its holder has lost."""

    small_ca: SmallAuthority
    desk: Desk
    old: Certificate

    @property
    def authority(self) -> Authority:
        return self.small_ca.authority

    async def carry(self, message: bytes) -> bytes:
        return await asyncio.to_thread(lambda: self.authority.cmp(message))

    def engine(self, fault: str = "", at: int = -1, **dialect: object) -> CmpEngine:
        chain = self.authority.chain
        name = x509.load_der_x509_certificate(chain.issuing).subject.public_bytes()
        trust = Trust((chain.issuing, chain.root))
        client = Client(Secret(b"desk", SECRET), trust, name, Dialect(**dialect), self.small_ca.clock)
        return CmpEngine(client, Line(self.carry, fault, at))

    async def faulty(self, fault: str, at: int) -> None:
        self.desk = await self.desk.again(self.engine(fault, at))

    async def mended(self) -> None:
        """Both processes start again, and the proxy passes everything."""
        self.small_ca.restart()
        self.desk = await self.desk.again(self.engine())

    @property
    def serial(self) -> str:
        return f"{self.old.serial:X}"


@pytest.fixture
async def ends(small_ca: SmallAuthority, tmp_path: Path) -> AsyncIterator[Ends]:
    offices = tmp_path / "offices"
    offices.mkdir()
    (offices / "desk.secret").write_bytes(SECRET)
    (offices / "desk.secret").chmod(0o600)
    small_ca.settings = replace(small_ca.settings, offices=offices)
    small_ca.restart()
    ends = Ends(small_ca, None, small_ca.old())  # type: ignore[arg-type]
    ends.desk = await Desk.opened(tmp_path, ends.engine(), Clock(small_ca.clock()))
    await ends.desk.issuer.adopt(HOLDER, ends.old.der)
    yield ends
    await ends.desk.close()


def is_well(ends: Ends, serial: str) -> bool:
    """One certificate in use, the old one superseded, nothing else made, and the audit true."""
    old, new = ends.authority.certificates(HOLDER)
    return (
        (old.status, old.reason, new.status) == (Status.REVOKED, Reason.SUPERSEDED, Status.GOOD)
        and f"{new.serial:X}" == serial
        and ends.authority.verify_audit().ok
    )


async def test_a_reissue(ends: Ends) -> None:
    certified = await ends.desk.reissue(ends.serial)
    assert certified.not_after == ends.old.not_after
    told = read_identify_data(x509.load_der_x509_certificate(certified.der))
    assert told.real_name == NAME
    assert told.user_info[0].vid.virtual_id == virtual_id(IDN, key(1).random_number)
    assert await ends.desk.statuses() == {ends.serial: "revoked", certified.serial: "good"}
    assert is_well(ends, certified.serial)
    assert await ends.desk.reissue(ends.serial) == certified
    files = await ends.desk.issuer.pack(key(1).pkcs8, certified, "Correct-Horse-9")
    assert set(files) == {"npki.zip", "certificate.p12"}


MESSAGES = ["cr", "certConf", "rr"]
FAULTS = ["request lost", "answer lost", "answer garbled", "another's answer", "process lost"]


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("at", range(len(MESSAGES)), ids=MESSAGES)
async def test_whatever_is_lost_on_the_way_one_certificate_comes_of_it(ends: Ends, fault: str, at: int) -> None:
    await ends.faulty(fault, at)
    with pytest.raises(Crash if fault == "process lost" else IssuerAway):
        await ends.desk.reissue(ends.serial)
    assert set(await ends.desk.statuses()) == {ends.serial}
    await ends.mended()
    certified = await ends.desk.reissue(ends.serial)
    assert is_well(ends, certified.serial)
    assert await ends.desk.statuses() == {ends.serial: "revoked", certified.serial: "good"}


@pytest.mark.parametrize("at", range(1, len(MESSAGES)), ids=MESSAGES[1:])
async def test_what_is_nearly_done_is_ended_without_the_customer(ends: Ends, at: int) -> None:
    """Housekeeping needs no key for it; an order that has no certificate waits for its customer."""
    await ends.faulty("answer lost", at)
    with pytest.raises(IssuerAway):
        await ends.desk.reissue(ends.serial)
    await ends.mended()
    await ends.desk.issuer.tend()
    assert sorted((await ends.desk.statuses()).values()) == ["good", "revoked"]


async def test_an_order_without_its_certificate_is_left_to_who_has_the_key(ends: Ends) -> None:
    await ends.faulty("request lost", 0)
    with pytest.raises(IssuerAway):
        await ends.desk.reissue(ends.serial)
    await ends.mended()
    await ends.desk.issuer.tend()
    assert set(await ends.desk.statuses()) == {ends.serial}


async def test_two_processes_with_one_order(ends: Ends) -> None:
    """A lease ran out, and two work on the same: the authority sees one request, and both hear of one certificate."""
    beside = await Desk.opened(ends.desk.folder, ends.engine(), ends.desk.clock)
    try:
        both = await asyncio.gather(ends.desk.reissue(ends.serial), beside.reissue(ends.serial))
    finally:
        await beside.close()
    assert both[0] == both[1]
    assert is_well(ends, both[0].serial)


async def test_two_requests_for_one_certificate(ends: Ends) -> None:
    await ends.faulty("answer lost", 1)
    with pytest.raises(IssuerAway):
        await ends.desk.reissue(ends.serial)
    with pytest.raises(IssuerAway):
        await ends.desk.reissue(ends.serial, 2, "r2")
    await ends.mended()
    await ends.desk.reissue(ends.serial)
    with pytest.raises(IssuerRefused, match="R06"):
        await ends.desk.reissue(ends.serial, 2, "r2")
    assert len(ends.authority.certificates(HOLDER)) == 2


async def test_another_key_under_the_same_request_gets_nothing(ends: Ends) -> None:
    await ends.desk.reissue(ends.serial)
    with pytest.raises(IssuerRefused, match="R10"):
        await ends.desk.reissue(ends.serial, 2)


async def test_a_wrong_code_and_then_too_many(ends: Ends) -> None:
    opening = await ends.desk.issuer.enrol("r1", APPLICANT, ends.serial)
    for reference, code in [("0", opening.authorization), *[(opening.reference, "wrong")] * 5]:
        with pytest.raises(IssuerRefused, match="R10"):
            await ends.desk.issuer.redeem(reference, code, key(1).pkcs8)
    with pytest.raises(IssuerRefused, match="R10"):
        await ends.desk.reissue(ends.serial)
    assert len(ends.authority.certificates(HOLDER)) == 1


async def test_who_comes_too_late_is_forgotten(ends: Ends) -> None:
    await ends.desk.issuer.enrol("r1", APPLICANT, ends.serial)
    ends.desk.clock.at += timedelta(days=1)
    await ends.desk.issuer.tend()
    row = await ends.desk.database.unit(lambda tx: tx.row("outside_order", request_id="r1"))
    assert (row["state"], row["sealed"]) == ("refused", None)
    with pytest.raises(IssuerRefused, match="R10"):
        await ends.desk.reissue(ends.serial)


async def test_only_ones_own_certificate_in_use_is_replaced(ends: Ends) -> None:
    for applicant, serial in [(APPLICANT, "ABC"), (Applicant("C-2", NAME, IDN), ends.serial)]:
        with pytest.raises(IssuerRefused, match="R09"):
            await ends.desk.issuer.enrol("r2", applicant, serial)
    ends.desk.clock.at += timedelta(days=400)
    with pytest.raises(IssuerRefused, match="R05"):
        await ends.desk.issuer.enrol("r3", APPLICANT, ends.serial)
    assert await ends.desk.statuses() == {ends.serial: "expired"}


REFUSALS = [
    (lambda ends: ends.authority.revoke(ends.old.serial, Reason.KEY_COMPROMISE, "theft"), "R06"),
    (lambda ends: ends.authority.issue(order("k", 1, holder="C-9")), "R15"),
]


@pytest.mark.parametrize(("act", "code"), REFUSALS, ids=[code for _, code in REFUSALS])
async def test_a_refusal_is_for_good_and_has_its_code(ends: Ends, act: Callable[[Ends], object], code: str) -> None:
    act(ends)
    for _ in range(2):
        with pytest.raises(IssuerRefused, match=code):
            await ends.desk.reissue(ends.serial)
        await ends.mended()
    assert await ends.desk.statuses() == {ends.serial: "good"}


async def test_an_authority_that_does_not_know_us_keeps_the_customer_waiting(
    ends: Ends, caplog: pytest.LogCaptureFixture
) -> None:
    engine = ends.engine()
    stranger = replace(engine._client, credentials=Secret(b"desk", b"x" * 40))
    ends.desk = await ends.desk.again(CmpEngine(stranger, engine._send))
    with pytest.raises(IssuerAway):
        await ends.desk.reissue(ends.serial)
    assert "the authority refuses us" in caplog.text
    await ends.mended()
    assert is_well(ends, (await ends.desk.reissue(ends.serial)).serial)


async def test_no_identity_number_and_no_name_stays_readable(ends: Ends) -> None:
    await ends.faulty("answer lost", 1)
    with pytest.raises(IssuerAway):
        await ends.desk.reissue(ends.serial)
    await ends.desk.close()
    written = b"".join(path.read_bytes() for path in ends.desk.folder.glob("desk.db*"))
    assert written
    assert IDN.encode() not in written
    assert NAME.encode() not in written
    await ends.mended()


async def test_a_certificate_of_another_authority_is_not_adopted(ends: Ends, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    other = SmallAuthority(elsewhere, ends.small_ca.clock)
    for der in (other.old().der, b"no certificate"):
        with pytest.raises(ValueError, match=r"certificate|parsing"):
            await ends.desk.issuer.adopt(HOLDER, der)
    other.authority.close()


async def test_what_is_shown_stands_as_the_desks_own_books_say(ends: Ends) -> None:
    standing = ends.desk.issuer.standing
    assert await standing(ends.old.der) == Standing("good")
    certified = await ends.desk.reissue(ends.serial)
    assert await standing(ends.old.der) == Standing("revoked")
    assert await standing(certified.der) == Standing("good")


async def test_what_is_shown_and_not_in_the_books_is_left_open(ends: Ends) -> None:
    standing = ends.desk.issuer.standing
    never_adopted = ends.small_ca.old(request_id="another", profile="personal_general")
    assert await standing(never_adopted.der) == Standing("unknown")
    name = x509.load_der_x509_certificate(ends.old.der).issuer
    assert await standing(certificates.der(name=name, serial=ends.old.serial)) == Standing("foreign")
    assert await standing(GENUINE) == Standing("foreign")
