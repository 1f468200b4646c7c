"""OCSP responses (RFC 6960, the nonce of RFC 9654, caching of RFC 5019)."""

import base64
import binascii
import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum
from functools import cache

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from ca.asn1 import der, tlv
from ca.keys.issuing_keys import IssuingKey, Keys
from ca.ledger.ledger import Ledger, Transaction, from_seconds
from ca.status.crl import CODES
from ca.status.delegate import Delegate, Delegates, Purpose
from ca.status.lint_status import UNSIGNED, check_answer
from ca.values.model import Reason
from ca.values.refusals import CaRefusal, LedgerBroken

MAX_BYTES = 16 * 1024
MAX_CERTIFICATES = 20
"""In one question; who has more asks again."""
NONCE_BYTES = range(1, 129)
LIFETIME = timedelta(hours=1)
#: A response without a nonce is repeated until half its lifetime is over.
REUSED = timedelta(minutes=30)
MOST_KEPT = 10_000
OID_NONCE = x509.ObjectIdentifier("1.3.6.1.5.5.7.48.1.2")
OID_BASIC = x509.ObjectIdentifier("1.3.6.1.5.5.7.48.1.1")
#: By their AlgorithmIdentifier in its two forms, with NULL and without; another form is not echoed.
HASHES = {
    encoded: digest
    for oid, digest in (
        (x509.ObjectIdentifier("1.3.14.3.2.26"), hashlib.sha1),
        (x509.ObjectIdentifier("2.16.840.1.101.3.4.2.1"), hashlib.sha256),
    )
    for encoded in (
        asn1.encode_der(der.AlgorithmNull(algorithm=oid, parameters=asn1.Null())),
        asn1.encode_der(der.AlgorithmBare(algorithm=oid)),
    )
}
EXTENSIONS = 0xA2
GOOD, UNKNOWN = b"\x80\x00", b"\x82\x00"


class ResponseStatus(IntEnum):
    """RFC 6960 section 4.2.1."""

    MALFORMED_REQUEST = 1
    INTERNAL_ERROR = 2
    TRY_LATER = 3
    UNAUTHORIZED = 6


@asn1.sequence
class EncodedCertId:
    algorithm: asn1.TLV
    name_hash: bytes
    key_hash: bytes
    serial: int


@dataclass(frozen=True, slots=True)
class CertId:
    """RFC 6960 section 4.1.1."""

    algorithm: bytes
    """AlgorithmIdentifier, DER."""
    name_hash: bytes
    key_hash: bytes
    serial: int


@dataclass(frozen=True, slots=True)
class Question:
    ids: tuple[bytes, ...]
    """The CertIDs, DER, as they came."""
    nonce: bytes | None
    """The nonce extension's value, to be given back as it came."""


@dataclass(frozen=True, slots=True)
class Asked:
    """One certificate of a request."""

    encoded: bytes
    """The CertID as it came, to be given back."""
    issuer: IssuingKey
    serial: int


@dataclass(frozen=True, slots=True)
class Answer:
    content: bytes
    """OCSPResponse, DER."""
    fresh_until: datetime | None = None
    """Until when it may be given again (HTTP caching); none for an answer to one question only."""


def decode_path(path: str) -> bytes:
    """Return the request in the path of a GET (RFC 6960 appendix A.1); raise `ValueError` if there is none."""
    if len(path) > MAX_BYTES:
        raise ValueError("too long")
    try:
        return base64.b64decode(path, validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error


class Responder:
    def __init__(self, ledger: Ledger, keys: Keys, delegates: Delegates) -> None:
        self._ledger = ledger
        self._keys = keys
        self._delegates = delegates
        self._lock = threading.Lock()
        self._kept: OrderedDict[bytes, tuple[int, Answer]] = OrderedDict()

    def answer(self, question: bytes) -> Answer:
        """Return the response to an OCSPRequest, DER; an invalid request has a response too."""
        if len(question) > MAX_BYTES:
            return _failure(ResponseStatus.MALFORMED_REQUEST)
        try:
            read = _read(question)
            ids = [_cert_id(each) for each in read.ids]
        except ValueError:
            return _failure(ResponseStatus.MALFORMED_REQUEST)
        try:
            return self._answer(list(read.ids), ids, read.nonce)
        except CaRefusal:
            return _failure(ResponseStatus.TRY_LATER)

    def kept(self, question: bytes) -> Answer | None:
        """Return the earlier response to the same request, if it is still valid: fast enough for an event loop."""
        try:
            read = _read(question) if len(question) <= MAX_BYTES else None
        except ValueError:
            return None
        if read is None or read.nonce is not None:
            return None
        with self._ledger.reading() as tx:
            row = tx.one("status_version")
            return self._known(b"".join(read.ids), int(row["version"]) if row else 0, tx.now)

    def _answer(self, encoded: list[bytes], ids: list[CertId], nonce: bytes | None) -> Answer:
        with self._ledger.reading() as tx:
            row = tx.one("status_version")
            version = int(row["version"]) if row else 0
            key = b"".join(encoded)
            if nonce is None and (kept := self._known(key, version, tx.now)):
                return kept
            self._keys.catch_up(tx)
            asked = [self._asked(each, raw) for each, raw in zip(ids, encoded, strict=True)]
            issuers = {each.issuer.key_id for each in asked if each}
            if (
                None in asked or len(issuers) != 1
            ):  # Not ours, or of several issuing keys, for which no single delegate can answer.
                return _failure(ResponseStatus.UNAUTHORIZED)
            states = [_state(tx, each) for each in asked if each]
            now = from_seconds(tx.seconds)
        delegate = self._delegates.get(Purpose.OCSP, issuers.pop(), now)
        singles = [_single(raw, state, now) for raw, state in zip(encoded, states, strict=True)]
        content = _signed(delegate, singles, now, nonce)
        if nonce is not None:
            return Answer(content)
        answer = Answer(content, now + REUSED)
        if UNKNOWN not in states:  # A serial number may be issued at any moment.
            self._keep(key, version, answer)
        return answer

    def _asked(self, cert_id: CertId, encoded: bytes) -> Asked | None:
        if cert_id.algorithm not in HASHES:
            return None
        for issuer in self._keys.issuers:
            if (cert_id.name_hash, cert_id.key_hash) == _hashes_of(issuer, cert_id.algorithm):
                return Asked(encoded, issuer, cert_id.serial)
        return None

    def _known(self, key: bytes, version: int, now: datetime) -> Answer | None:
        with self._lock:
            kept = self._kept.get(key)
            if kept is None or kept[0] != version:
                return None
            until = kept[1].fresh_until
            if until is None or not until - REUSED <= now < until:
                return None
            self._kept.move_to_end(key)
            return kept[1]

    def _keep(self, key: bytes, version: int, answer: Answer) -> None:
        with self._lock:
            self._kept[key] = version, answer
            while len(self._kept) > MOST_KEPT:
                self._kept.popitem(last=False)


@cache
def _hashes_of(issuer: IssuingKey, algorithm: bytes) -> tuple[bytes, bytes]:
    digest = HASHES[algorithm]
    bits = der.key_bits(der.spki_of(issuer.certificate))
    return digest(issuer.certificate.subject.public_bytes()).digest(), digest(bits).digest()


def _read(question: bytes) -> Question:
    """Read an OCSPRequest; its requestor name and signature are not looked at. Raises `ValueError`."""
    parts = {part.tag: part for part in tlv.children(_first(tlv.sequence(question)).content)}
    requests = list(tlv.children(parts[tlv.SEQUENCE].content)) if tlv.SEQUENCE in parts else []
    if not 0 < len(requests) <= MAX_CERTIFICATES:
        raise ValueError("no certificate, or too many")
    ids = tuple(_first(tlv.sequence(each.encoded)).encoded for each in requests)
    return Question(ids, _nonce(parts[EXTENSIONS].content) if EXTENSIONS in parts else None)


def _cert_id(encoded: bytes) -> CertId:
    read = asn1.decode_der(EncodedCertId, encoded)
    return CertId(asn1.encode_der(read.algorithm), read.name_hash, read.key_hash, read.serial)


def _first(parts: list[tlv.Tlv]) -> tlv.Tlv:
    if not parts:
        raise ValueError("empty")
    return parts[0]


def _nonce(extensions: bytes) -> bytes | None:
    for part in tlv.sequence(extensions):
        each = asn1.decode_der(der.Extension, part.encoded)
        if each.extn_id == OID_NONCE:
            if len(asn1.decode_der(bytes, each.value)) not in NONCE_BYTES:
                raise ValueError("a nonce longer than RFC 9654 allows")
            return each.value
    return None


def _state(tx: Transaction, asked: Asked) -> bytes:
    """Return the CertStatus. A serial number that was never signed is unknown, not good (RFC 6960 section 2.2)."""
    row = tx.one("status_of", serial=f"{asked.serial:x}", issuer=asked.issuer.key_id)
    if row is None:
        return UNKNOWN
    if row["status"] == "good":
        return GOOD
    code = CODES.get(Reason(row["reason"]))
    reason = b"" if code is None else der.tagged(0, bytes([0x0A, 1, code]))
    return der.tagged(1, _time(from_seconds(row["status_at"])) + reason)


def _single(encoded: bytes, state: bytes, now: datetime) -> bytes:
    return der.sequence_of(encoded, state, _time(now), der.tagged(0, _time(now + LIFETIME)))


def _signed(delegate: Delegate, singles: list[bytes], now: datetime, nonce: bytes | None) -> bytes:
    """Sign the ResponseData, and check it before and after as a relying party would."""
    responder = der.tagged(2, asn1.encode_der(delegate.key_hash))
    parts = [responder, _time(now), der.sequence_of(*singles)]
    if nonce is not None:
        extension = der.Extension(extn_id=OID_NONCE, critical=False, value=nonce)
        parts.append(der.tagged(1, der.sequence_of(asn1.encode_der(extension))))
    tbs = der.sequence_of(*parts)
    check_answer(_assembled(tbs, UNSIGNED, delegate), delegate.key_hash, len(singles), LIFETIME)
    signature = delegate.signer.sign(tbs)
    _verify(tbs, signature, delegate)
    return _assembled(tbs, signature, delegate)


def _assembled(tbs: bytes, signature: bytes, delegate: Delegate) -> bytes:
    certificates = der.tagged(0, der.sequence_of(delegate.der))
    signed_by = asn1.encode_der(asn1.BitString(signature, 0))
    basic = der.sequence_of(tbs, asn1.encode_der(der.SHA256_WITH_RSA), signed_by, certificates)
    body = der.sequence_of(asn1.encode_der(OID_BASIC), asn1.encode_der(basic))
    return der.sequence_of(bytes([0x0A, 1, 0]), der.tagged(0, body))


def _verify(tbs: bytes, signature: bytes, delegate: Delegate) -> None:
    key = delegate.certificate.public_key()
    assert isinstance(key, rsa.RSAPublicKey)
    try:
        key.verify(signature, tbs, padding.PKCS1v15(), hashes.SHA256())
    except InvalidSignature as error:
        raise LedgerBroken("the signer gave a signature that does not verify") from error


def _time(at: datetime) -> bytes:
    """GeneralizedTime, always, unlike in certificates (RFC 6960 section 4.2.2.1)."""
    return asn1.encode_der(asn1.GeneralizedTime(at))


def _failure(status: ResponseStatus) -> Answer:
    return Answer(der.sequence_of(bytes([0x0A, 1, status])))
