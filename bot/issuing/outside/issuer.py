"""`bot.issuing.port.Issuer` over an authority outside: each step of a dialogue is stored before it is sent."""

import hmac
import logging
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec
from cryptography import x509

from bot.core.clock import Clock
from bot.issuing import bundle
from bot.issuing.key_pool import KeyPool
from bot.issuing.outside.orders import Entry, Known, OutsideStore, Subject
from bot.issuing.outside.protocol import DONE, Away, Engine, Order, Refused, Step
from bot.issuing.outside.trust import is_signed_by
from bot.issuing.port import (
    Applicant,
    Certified,
    HeldCertificate,
    IssuerAway,
    IssuerRefused,
    ListAge,
    Opening,
    Standing,
    Status,
)
from bot.storage.database import Database, Transaction
from ca.asn1.vid import identify_data

logger = logging.getLogger(__name__)

#: From the approval to the password. After that a customer must prove their identity again.
ENROLMENT_LIFETIME = timedelta(days=1)
REFERENCE_DIGITS = 10
MOST_TRIES = 5


class OutsideIssuer:
    """The bot is its registration authority: it has proved who the customer is, and vouches for the identifyData."""

    def __init__(self, engine: Engine, database: Database, store: OutsideStore, clock: Clock, keys: KeyPool) -> None:
        self._engine = engine
        self._keys = keys
        self._database = database
        self._store = store
        self._clock = clock

    async def held(self, holder: str) -> tuple[HeldCertificate, ...]:
        now = self._clock.now()
        known = await self._database.unit(lambda tx: self._store.certificates(tx, holder))
        return tuple(
            HeldCertificate(each.serial, _status(each, now), each.not_before, each.not_after) for each in known
        )

    async def standing(self, certificate: bytes) -> Standing:
        now, shown = self._clock.now(), x509.load_der_x509_certificate(certificate)
        serial = f"{shown.serial_number:X}"
        known = await self._database.unit(lambda tx: self._store.certificate(tx, serial))
        if known is not None and known.der == certificate:
            return Standing(_status(known, now))
        return Standing("unknown" if is_signed_by(shown, self._engine.chain) else "foreign")

    async def enrol(self, request_id: str, applicant: Applicant, replaces: str) -> Opening:
        def unit(tx: Transaction) -> Opening:
            entry = self._store.order(tx, request_id)
            if entry is None:
                entry = self._opened(tx, request_id, applicant, replaces)
            if (entry.holder, entry.replaces) != (applicant.holder, replaces):
                raise IssuerRefused("R15")
            return Opening(entry.reference, self._store.code_of(request_id), entry.expires_at)

        return await self._database.unit(unit)

    def _opened(self, tx: Transaction, request_id: str, applicant: Applicant, replaces: str) -> Entry:
        self._usable(tx, applicant.holder, replaces)
        reference = str(secrets.randbelow(10**REFERENCE_DIGITS)).zfill(REFERENCE_DIGITS)
        subject = Subject(applicant.name, applicant.idn)
        until = self._clock.now() + ENROLMENT_LIFETIME
        self._store.open(tx, request_id, reference, applicant.holder, replaces, subject, until)
        entry = self._store.order(tx, request_id)
        assert entry is not None
        return entry

    def _usable(self, tx: Transaction, holder: str, serial: str) -> Known:
        old = self._store.certificate(tx, serial)
        if old is None or old.holder != holder:
            raise IssuerRefused("R09")
        status = _status(old, self._clock.now())
        if status != "good":
            raise IssuerRefused("R06" if status == "revoked" else "R05")
        return old

    async def redeem(self, reference: str, authorization: str, key: bytes) -> Certified:
        entry = await self._database.unit(lambda tx: self._admitted(tx, reference, authorization))
        if entry is None or (entry.state == "open" and self._clock.now() >= entry.expires_at):
            raise IssuerRefused("R10")
        if entry.state == "open":
            entry = await self._begun(entry, key)
        certified = await self._finished(entry.request_id)
        if not bundle.belong(key, certified.der):
            raise IssuerRefused("R10")
        return certified

    def _admitted(self, tx: Transaction, reference: str, authorization: str) -> Entry | None:
        """Return the order if the code is right; a wrong one is counted, so nothing is raised that would undo that."""
        entry = self._store.by_reference(tx, reference)
        expected = self._store.code_of(entry.request_id if entry else "")
        right = hmac.compare_digest(expected.encode(), authorization.encode())
        if entry is not None and not right:
            self._store.count_wrong(tx, reference)
        return entry if entry is not None and right and entry.tries < MOST_TRIES else None

    async def _begun(self, entry: Entry, key: bytes) -> Entry:
        """Make the first message and store it; if another process was first, return its message."""
        old = await self._database.unit(lambda tx: self._usable(tx, entry.holder, entry.replaces))
        subject = entry.subject
        assert subject is not None
        identity = identify_data(subject.name, subject.idn, bundle.random_number(key))
        step = self._engine.begin(Order(entry.request_id, subject.name, key, identity, old.der))

        def unit(tx: Transaction) -> Entry:
            if self._entry(tx, entry.request_id).state != "open":
                return self._entry(tx, entry.request_id)
            if self._store.is_running_for(tx, entry.replaces):
                raise IssuerAway
            self._store.begin(tx, entry.request_id, msgspec.msgpack.encode(step))
            return self._entry(tx, entry.request_id)

        return await self._database.unit(unit)

    async def _finished(self, request_id: str) -> Certified:
        """Go from step to step to the end; after an interruption the next try goes on from the last stored step."""
        while True:
            entry = await self._database.unit(lambda tx: self._entry(tx, request_id))
            if entry.state == "refused":
                raise IssuerRefused(entry.refusal or "R10")
            if entry.state == "done":
                return await self._certified(entry)
            if self._clock.now() < entry.due_at:
                raise IssuerAway
            await self._go_on(entry)

    async def _go_on(self, entry: Entry) -> None:
        step = msgspec.msgpack.decode(entry.step or b"", type=Step)
        try:
            following = await self._engine.advance(step)
        except Away as error:
            raise IssuerAway from error
        except Refused as refusal:
            code = refusal.code
            logger.warning("the authority refuses", extra={"code": code, "why": refusal.why})
            await self._database.unit(lambda tx: self._store.refuse(tx, entry.request_id, code))
            return
        await self._database.unit(lambda tx: self._keep(tx, entry, following))

    def _keep(self, tx: Transaction, entry: Entry, step: Step) -> None:
        """Store the progress; the new certificate and the end of the old one in one transaction, at the very end."""
        if step.stage != DONE:
            due = self._clock.now() + timedelta(seconds=step.wait)
            encoded = msgspec.msgpack.encode(step)
            self._store.go_on(tx, entry, encoded, due, obtained=step.certificate is not None)
            return
        assert step.certificate is not None
        new = known_of(entry.holder, step.certificate)
        if self._store.finish(tx, entry, new.serial):
            self._store.keep(tx, new)
            self._store.revoke(tx, entry.replaces)

    def _entry(self, tx: Transaction, request_id: str) -> Entry:
        entry = self._store.order(tx, request_id)
        assert entry is not None
        return entry

    async def _certified(self, entry: Entry) -> Certified:
        known = await self._database.unit(lambda tx: self._store.certificate(tx, entry.serial or ""))
        assert known is not None
        return Certified(known.serial, known.not_after, known.der)

    async def tend(self) -> None:
        """End the orders whose certificate is there, and delete the data of orders that nobody redeemed."""
        now = self._clock.now()
        await self._database.unit(lambda tx: self._store.lapse(tx, now))
        for request_id in await self._database.unit(lambda tx: self._store.obtained(tx, now)):
            await self._finished(request_id)

    async def counts(self) -> Mapping[Status, int]:
        return await self._database.unit(self._store.counts)

    async def list_ages(self) -> tuple[ListAge, ...]:
        """None: the authority outside renews its own."""
        return ()

    async def make_key(self) -> bytes:
        return await self._keys.take()

    async def pack(self, key: bytes, certified: Certified, password: str) -> Mapping[str, bytes]:
        return await bundle.pack(key, certified.der, password, self._engine.chain)

    async def adopt(self, holder: str, certificate: bytes) -> HeldCertificate:
        """Take over a certificate that the authority issued before: the one that a reissue will replace.

        Raises `ValueError` if it cannot be read, or is not of this authority.
        """
        parsed = x509.load_der_x509_certificate(certificate)
        if not is_signed_by(parsed, self._engine.chain):
            raise ValueError("a certificate of another authority")
        known = known_of(holder, certificate)
        await self._database.unit(lambda tx: self._store.keep(tx, known))
        return next(each for each in await self.held(holder) if each.serial == known.serial)


def known_of(holder: str, certificate: bytes) -> Known:
    parsed = x509.load_der_x509_certificate(certificate)
    begin, end = parsed.not_valid_before_utc, parsed.not_valid_after_utc
    return Known(f"{parsed.serial_number:X}", holder, begin, end, certificate)


def _status(known: Known, now: datetime) -> Status:
    if known.revoked:
        return "revoked"
    return "expired" if now > known.not_after else "good"
