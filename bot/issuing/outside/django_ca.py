"""A django-ca behind its REST interface: an order, its certificate, then the revocation of the one that was replaced.

It cannot recognise a repeated request: asking twice would make two certificates. So a process that is not sure whether
it has asked already stores that first, looks for a certificate of our key, and at the end revokes any other of that
key.

Its certificates hold no VID: it accepts no subjectAltName form that identifyData fits in.
"""

import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import aiohttp
import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, load_der_private_key

from bot.issuing.outside.http import limited
from bot.issuing.outside.protocol import DONE, Away, Order, Refused, Step
from bot.issuing.outside.trust import is_signed_by
from ca.asn1.der import spki_bytes, spki_of

logger = logging.getLogger(__name__)

#: The order is not done yet.
PATIENCE_S = 5.0
MOST_BYTES = 256 * 1024
#: All certificates in use: it has no search and no pages, and a row is about 5.5 kB.
LIST_BYTES = 64 * 1024 * 1024
MOST_LETTERS = 64
NONCE_BYTES = 16


@dataclass(frozen=True, slots=True)
class Access:
    """Where it is, and who we are there."""

    url: str
    """Up to and with `/api/`."""
    serial: str
    """Of the authority that issues, upper-case hexadecimal digits."""
    profile: str
    user: str
    password: str = field(repr=False)
    seconds: float = 30.0


class _Asked(msgspec.Struct, frozen=True):
    """What a step's message holds: the body of the order, and its slug once there is one."""

    body: bytes
    profile: str
    #: Identifies the process that began the order: another value means that another process did.
    nonce: bytes
    slug: str = ""
    #: Whether it may have been asked before: then a second certificate of the key is looked for at the end.
    twice: bool = False


class DjangoCaEngine:
    """`bot.issuing.outside.protocol.Engine`."""

    def __init__(self, access: Access, trust: tuple[bytes, ...]) -> None:
        self._access = access
        self._trust = trust
        #: Orders that this process has begun and not sent yet: only for these it is sure.
        self._fresh: set[bytes] = set()
        self._acts: dict[str, Callable[[Step, _Asked], Awaitable[Step]]] = {
            "ask": self._ask,
            "search": self._search,
            "wait": self._wait,
            "revoke": self._revoke,
            "sweep": self._sweep,
        }

    @property
    def chain(self) -> tuple[bytes, ...]:
        return self._trust

    def begin(self, order: Order) -> Step:
        # The key was made by us and encrypted since: checking its primes again takes as long as making it.
        private = load_der_private_key(order.key, None, unsafe_skip_rsa_key_validation=True)
        assert isinstance(private, rsa.RSAPrivateKey)
        old, spki = x509.load_der_x509_certificate(order.replaces), spki_bytes(private.public_key())
        request = x509.CertificateSigningRequestBuilder(old.subject).sign(private, hashes.SHA256())
        profile, nonce = self._access.profile, secrets.token_bytes(NONCE_BYTES)
        body = {
            "csr": request.public_bytes(Encoding.PEM).decode(),
            "subject": [{"oid": each.oid.dotted_string, "value": each.value} for each in old.subject],
            "profile": profile,
            "not_after": old.not_valid_after_utc.astimezone(UTC).isoformat(),
        }
        self._fresh.add(nonce)
        return Step("ask", _kept(_Asked(msgspec.json.encode(body), profile, nonce)), order.replaces, spki=spki)

    async def advance(self, step: Step) -> Step:
        return await self._acts[step.stage](step, msgspec.msgpack.decode(step.message, type=_Asked))

    async def _ask(self, step: Step, asked: _Asked) -> Step:
        body = await self._whole(asked)
        if asked.nonce not in self._fresh:
            # Stored before anything is sent: another process that asks now finds that its turn has passed.
            return self._next(step, "search", msgspec.structs.replace(asked, twice=True))
        self._fresh.remove(asked.nonce)
        return await self._order(step, asked, body)

    async def _search(self, step: Step, asked: _Asked) -> Step:
        found = await self._in_use(step.spki, asked.profile)
        if found:
            return await self._obtained(step, found[0], asked)
        return await self._order(step, asked, await self._whole(asked))

    async def _order(self, step: Step, asked: _Asked, body: bytes) -> Step:
        status, told = await self._call("POST", f"{self._authority}sign/", body)
        if status != HTTPStatus.OK:
            raise _unheard(status, told)
        return self._next(step, "wait", msgspec.structs.replace(asked, slug=_word(told, "slug")))

    async def _whole(self, asked: _Asked) -> bytes:
        """Return the order with the profile's extensions.

        Its `sign` stores a profile's name and does nothing with it (django-ca's issue 168): without them a certificate
        would have no key usage, and a profile that does not exist would not be noticed.
        """
        status, told = await self._call("GET", f"profiles/{quote(asked.profile, safe='')}/")
        extensions = told.get("extensions")
        if status != HTTPStatus.OK or not isinstance(extensions, dict):
            raise _unheard(status, told)
        body = msgspec.json.decode(asked.body, type=dict[str, Any])
        body["extensions"] = [each for each in extensions.values() if each is not None]
        return msgspec.json.encode(body)

    async def _wait(self, step: Step, asked: _Asked) -> Step:
        status, told = await self._call("GET", f"{self._authority}orders/{asked.slug}/")
        if status != HTTPStatus.OK:
            raise _unheard(status, told)
        if told.get("status") == "failed":
            raise Refused("R15", "the order failed; the authority's log says why")
        if told.get("status") == "pending":
            return self._next(step, "wait", asked, PATIENCE_S)
        status, told = await self._call("GET", f"{self._authority}certs/{_word(told, 'serial')}/")
        if status != HTTPStatus.OK:
            raise _unheard(status, told)
        return await self._obtained(step, _certificate(told), asked)

    async def _obtained(self, step: Step, certificate: x509.Certificate, asked: _Asked) -> Step:
        is_ours = spki_of(certificate) == step.spki
        if not is_ours or not is_signed_by(certificate, self._trust):
            if is_ours:
                await self._end(certificate)
            raise Refused("R15", "the authority issued what was not asked for")
        found = msgspec.structs.replace(step, certificate=certificate.public_bytes(Encoding.DER))
        return self._next(found, "revoke", asked)

    async def _revoke(self, step: Step, asked: _Asked) -> Step:
        await self._end(x509.load_der_x509_certificate(step.replaces))
        return self._next(step, "sweep" if asked.twice else DONE, asked)

    async def _sweep(self, step: Step, asked: _Asked) -> Step:
        """An order whose answer was lost may have been done after all: one of two certificates is revoked."""
        for each in await self._in_use(step.spki, asked.profile):
            if each.public_bytes(Encoding.DER) != step.certificate:
                logger.warning("a second certificate of one order is revoked")
                await self._end(each)
        return self._next(step, DONE, asked)

    async def _end(self, certificate: x509.Certificate) -> None:
        """Revoke it as superseded; if it is revoked already, or not in use here, that is as good."""
        body = msgspec.json.encode({"reason": "superseded"})
        path = f"{self._authority}certs/{certificate.serial_number:X}/revoke/"
        status, told = await self._call("POST", path, body)
        if told.get("revoked") is True or "already revoked" in str(told.get("detail")):
            return
        # A certificate that is not there and an authority that is switched off get the same answer.
        if status != HTTPStatus.NOT_FOUND or certificate in await self._in_use(spki_of(certificate)):
            raise _unheard(status, told)
        logger.warning("the authority has no certificate to revoke")

    async def _in_use(self, spki: bytes, profile: str = "") -> list[x509.Certificate]:
        """Return the certificates of this key, of one profile or of all, neither expired nor revoked."""
        query = f"?profile={quote(profile, safe='')}" if profile else ""
        status, told = await self._call("GET", f"{self._authority}certs/{query}", most=LIST_BYTES)
        rows = told.get("list")
        if status != HTTPStatus.OK or not isinstance(rows, list):
            raise _unheard(status, told)
        return [each for each in map(_certificate, rows) if spki_of(each) == spki]

    def _next(self, step: Step, stage: str, asked: _Asked, wait: float = 0.0) -> Step:
        return msgspec.structs.replace(step, stage=stage, message=_kept(asked), wait=wait)

    @property
    def _authority(self) -> str:
        return f"ca/{self._access.serial}/"

    async def _call(
        self, method: str, path: str, body: bytes | None = None, most: int = MOST_BYTES
    ) -> tuple[int, dict[str, Any]]:
        """Return status and content; a list comes as `{"list": …}`. Raises `Away` if there is no answer."""
        headers = {
            "Authorization": aiohttp.encode_basic_auth(self._access.user, self._access.password),
            "Content-Type": "application/json",
        }
        timeout = aiohttp.ClientTimeout(total=self._access.seconds)
        try:
            async with (
                aiohttp.ClientSession(timeout=timeout) as session,
                session.request(
                    method, self._access.url + path, data=body, headers=headers, allow_redirects=False
                ) as answer,
            ):
                told = msgspec.json.decode(await limited(answer, most))
                return answer.status, told if isinstance(told, dict) else {"list": told}
        except (aiohttp.ClientError, OSError, ValueError) as error:
            logger.warning("the authority does not answer", extra={"why": type(error).__name__})
            raise Away(type(error).__name__) from None  # The library's error has the address in it.


def _kept(asked: _Asked) -> bytes:
    return msgspec.msgpack.encode(asked)


def _word(told: Mapping[str, Any], name: str) -> str:
    """Return a part of an address; raise `Away` if it is not letters and digits."""
    word = told.get(name)
    if not (isinstance(word, str) and word.isascii() and word.isalnum() and len(word) <= MOST_LETTERS):
        raise Away(f"an answer without a {name}")
    return word


def _certificate(row: Mapping[str, Any]) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(row["certificate"]["pem"].encode())
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise Away("an answer without a certificate") from error


def _unheard(status: int, told: Mapping[str, Any]) -> Away:
    """Log what only we or the authority can correct; the caller waits."""
    logger.error("the authority refuses us", extra={"status": status, "detail": str(told.get("detail"))[:200]})
    return Away(f"http {status}")
