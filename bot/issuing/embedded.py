"""The embedded authority behind the certificate port: its calls block, so they run in threads."""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_private_key

import ca
from bot.issuing import bundle
from bot.issuing.key_pool import KeyPool
from bot.issuing.port import (
    Applicant,
    Certified,
    HeldCertificate,
    IssuerAway,
    IssuerRefused,
    ListAge,
    Opening,
    Purpose,
    Standing,
    Status,
)

T = TypeVar("T")
#: From the approval to the password. After that a customer must prove their identity again.
ENROLMENT_LIFETIME = timedelta(days=1)
#: The authority's ledger cannot be reached now: a reason to wait, not to refuse.
AWAY = "R14"
#: The profiles that come with the authority; an operator's own profile is known by its policy, if at all.
PURPOSES = {
    "personal": Purpose("finance", "person"),
    "personal_general": Purpose("general", "person"),
    "corporate": Purpose("finance", "corporation"),
    "corporate_general": Purpose("general", "corporation"),
}


class EmbeddedIssuer:
    """`bot.issuing.port.Issuer` over `ca.Authority`."""

    def __init__(self, authority: ca.Authority, keys: KeyPool) -> None:
        self._authority = authority
        self._keys = keys

    async def held(self, holder: str) -> tuple[HeldCertificate, ...]:
        records = await _asked(lambda: self._authority.certificates(holder))
        return tuple(_held(record) for record in records)

    async def standing(self, certificate: bytes) -> Standing:
        return await _asked(lambda: self._standing(certificate))

    def _standing(self, der: bytes) -> Standing:
        """A serial number alone proves nothing: a forged certificate may have that of another one."""
        shown = x509.load_der_x509_certificate(der)
        record = self._authority.record(shown.serial_number)
        if record is not None and record.der == der:
            return Standing(_held(record).status, PURPOSES.get(record.profile))
        issuers = (x509.load_der_x509_certificate(each).subject for each in self._authority.issuers)
        return Standing("unknown" if shown.issuer in issuers else "foreign")

    async def enrol(self, request_id: str, applicant: Applicant, replaces: str) -> Opening:
        enrolment = await _asked(lambda: self._enrol(request_id, applicant, int(replaces, 16)))
        return Opening(enrolment.reference, enrolment.code, enrolment.expires_at)

    def _enrol(self, request_id: str, applicant: Applicant, replaces: int) -> ca.Enrolment:
        """A reissue keeps the profile of the certificate that is replaced."""
        old = self._authority.record(replaces)
        if old is None:
            raise ca.CaRefusal("R09", reason="no_certificate")
        order = ca.EnrolmentOrder(
            request_id,
            applicant.holder,
            applicant.name,
            applicant.idn,
            profile=old.profile,
            replaces=replaces,
            lifetime=ENROLMENT_LIFETIME,
        )
        return self._authority.enrol(order)

    async def redeem(self, reference: str, authorization: str, key: bytes) -> Certified:
        request = _request(key)
        certificate = await _asked(lambda: self._authority.redeem(reference, authorization, request))
        return Certified(f"{certificate.serial:X}", certificate.not_after, certificate.der)

    async def tend(self) -> None:
        await _asked(self._authority.tend)

    async def counts(self) -> Mapping[Status, int]:
        return {each.value: count for each, count in (await _asked(self._authority.counts)).items()}

    async def list_ages(self) -> tuple[ListAge, ...]:
        ages = await _asked(self._authority.list_ages)
        return tuple(ListAge(each.name, each.age_s, each.left_s) for each in ages)

    async def make_key(self) -> bytes:
        return await self._keys.take()

    async def pack(self, key: bytes, certified: Certified, password: str) -> Mapping[str, bytes]:
        chain = (self._authority.chain.issuing, self._authority.chain.root)
        return await bundle.pack(key, certified.der, password, chain)


def _request(key: bytes) -> ca.KeyRequest:
    # The key is ours and was encrypted since: checking its primes again would take as long as making it.
    public = load_der_private_key(key, None, unsafe_skip_rsa_key_validation=True).public_key()
    spki = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return ca.KeyRequest(spki, bundle.random_number(key))


def _held(record: ca.Record) -> HeldCertificate:
    status: Status = record.status.value
    return HeldCertificate(f"{record.serial:X}", status, record.not_before, record.not_after)


async def _asked(call: Callable[[], T]) -> T:
    try:
        return await asyncio.to_thread(call)
    except ca.CaRefusal as refusal:
        if refusal.code == AWAY:
            raise IssuerAway from refusal
        raise IssuerRefused(refusal.code) from refusal
    except (OSError, sqlite3.Error) as error:
        raise IssuerAway from error
