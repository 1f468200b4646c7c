"""The client's side of the protocol, without a socket: it makes messages and reads the answers.

The caller stores what it sends, so that after a crash or a lost answer the same bytes are sent again, and the server
does it once.
"""

import os
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat import asn1

from ca.asn1 import der, tlv, vid
from ca.asn1.der import Oid, sequence_of, tagged
from ca.cmp import bodies, encrypted_vid, protection
from ca.cmp.message import (
    OCTET_STRING,
    Header,
    Kind,
    Message,
    MessageBroken,
    general_name,
    read,
    time_of,
    wants_implicit_confirm,
    with_algorithm,
)
from ca.cmp.protection import OID_HMAC_SHA256, OID_SHA256, AlgorithmRefused, PasswordBasedMac, Signs

NONCE_BYTES = 16
SALT_BYTES = 16
EMPTY_NAME = sequence_of()
OID_CRL_REASON = Oid("2.5.29.21")
CERT_ANSWERS = {Kind.IP, Kind.CP, Kind.KUP}


class AnswerBroken(Exception):
    """The answer does not belong to the request, or is not protected by the authority."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """What authorities differ in."""

    pvno: int = 2
    owf: Oid = OID_SHA256
    mac: Oid = OID_HMAC_SHA256
    """HMAC with SHA-1 too (`protection.OLD_MACS`), for an authority that has not moved on."""
    rounds: int = 10_000
    encrypted_vid: bool = False
    """Whether R is sent along under the shared secret (an authority like ours makes it otherwise)."""
    unprotected_errors: bool = True
    """Whether an error without protection is believed: it can only say no."""


@dataclass(frozen=True, slots=True)
class Secret:
    """참조번호 and 인가코드, or a registration authority's name and secret."""

    reference: bytes
    value: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Signing:
    """A certificate, the signer of its key (RSA), and the chain above it."""

    certificate: bytes
    signer: Signs
    chain: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Trust:
    """Certificates of the authority, DER: one of them signed what it signs, or its delegate's certificate."""

    certificates: tuple[bytes, ...]


@dataclass(frozen=True, slots=True)
class Issued:
    certificate: bytes
    request_id: int
    random_number: bytes | None
    nonce: bytes
    """senderNonce of the answer, which certConf gives back."""
    confirmed: bool
    """Whether the authority asks for no certConf."""


@dataclass(frozen=True, slots=True)
class Waiting:
    request_id: int
    nonce: bytes
    check_after: int | None = None
    """Seconds, if it says so."""


@dataclass(frozen=True, slots=True)
class Rejected:
    failures: frozenset[int]
    """Numbers of `bodies.Failure`."""
    texts: tuple[str, ...]
    protected: bool = True
    """Whether it is the authority's word; an error without protection may be anybody's."""


@dataclass(frozen=True, slots=True)
class Done:
    """A revocation, or a confirmation."""


Outcome = Issued | Waiting | Rejected | Done


@dataclass(frozen=True, slots=True)
class NewKey:
    """The key to certify, and how its possession is proved."""

    spki: bytes
    #: Signs with the new key.
    sign: Callable[[bytes], bytes]
    #: AlgorithmIdentifier of that signature, DER.
    algorithm: bytes


@dataclass(frozen=True, slots=True)
class Client:
    credentials: Secret | Signing
    trust: Trust
    recipient: bytes
    """Name of the authority, DER."""
    dialect: Dialect = Dialect()
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def request(
        self,
        transaction_id: bytes,
        kind: Kind,
        key: NewKey,
        *,
        subject: bytes = EMPTY_NAME,
        identity: bytes | None = None,
        random_number: bytes | None = None,
        replaces: tuple[bytes, int] | None = None,
    ) -> bytes:
        """Return an ir, cr or kur.

        `replaces` names the old certificate by its issuer's Name and serial number. `identity` is the holder's
        identifyData (DER), which a registration authority vouches for.
        """
        fields = [tagged(5, subject), _retagged(der.CONTEXT_TAG | 6, key.spki)]
        if identity is not None:
            fields.append(_extensions(identity))
        template = sequence_of(*fields)
        controls = [] if replaces is None else [sequence_of(_old_cert_id(*replaces))]
        asked = sequence_of(asn1.encode_der(bodies.REQUEST_ID), template, *controls)
        proof = asn1.encode_der(asn1.BitString(key.sign(asked), 0))
        parts = [asked, tagged(1, key.algorithm + proof)]
        if random_number is not None and self.dialect.encrypted_vid and isinstance(self.credentials, Secret):
            sealed = encrypted_vid.seal(
                random_number, self.credentials.value, transaction_id, encrypted_vid.Direction.REQUEST
            )
            attribute = sequence_of(asn1.encode_der(bodies.OID_ENCRYPTED_VID), asn1.encode_der(sealed))
            parts.append(sequence_of(attribute))
        return self._sent(transaction_id, kind, sequence_of(sequence_of(*parts)))

    def confirm(self, transaction_id: bytes, issued: Issued, *, accepted: bool = True) -> bytes:
        """Return the certConf, with the hash by SHA-256 (RFC 9810 section 5.3.18)."""
        digest = protection.OWFS[OID_SHA256](issued.certificate).digest()
        parts = [asn1.encode_der(digest), asn1.encode_der(issued.request_id)]
        if not accepted:
            parts.append(bodies.status_info(bodies.Status.REJECTION))
        return self._sent(transaction_id, Kind.CERT_CONF, sequence_of(sequence_of(*parts)), issued.nonce)

    def poll(self, transaction_id: bytes, waiting: Waiting) -> bytes:
        body = sequence_of(sequence_of(asn1.encode_der(waiting.request_id)))
        return self._sent(transaction_id, Kind.POLL_REQ, body, waiting.nonce)

    def revoke(self, transaction_id: bytes, issuer: bytes, serial: int, reason: int) -> bytes:
        """Return an rr; the reason by its number (RFC 5280 section 5.3.1)."""
        template = sequence_of(_retagged(0x81, asn1.encode_der(serial)), tagged(3, issuer))
        code = der.Extension(extn_id=OID_CRL_REASON, critical=False, value=bytes([0x0A, 1, reason]))
        details = sequence_of(template, sequence_of(asn1.encode_der(code)))
        return self._sent(transaction_id, Kind.RR, sequence_of(details))

    def protected_anew(self, message: bytes) -> bytes:
        """Return the same message under the present credentials, which may have changed since it was made."""
        return self._protected(read(message)).encoded()

    def read(self, sent: bytes, answer: bytes) -> Outcome:
        """Return what the answer says to these bytes; raise `AnswerBroken`."""
        try:
            asked, told = read(sent), read(answer)
            self._check(asked, told)
            return self._outcome(told)
        except (MessageBroken, AlgorithmRefused, ValueError) as error:
            raise AnswerBroken(str(error)) from error

    def _sent(self, transaction_id: bytes, kind: Kind, body: bytes, answers: bytes | None = None) -> bytes:
        sender = EMPTY_NAME
        if isinstance(self.credentials, Signing):
            sender = x509.load_der_x509_certificate(self.credentials.certificate).subject.public_bytes()
        header = Header(
            pvno=self.dialect.pvno,
            sender=general_name(sender),
            recipient=general_name(self.recipient),
            message_time=time_of(self.now()),
            transaction_id=transaction_id,
            sender_nonce=os.urandom(NONCE_BYTES),
            recip_nonce=answers,
        )
        return self._protected(Message(header, kind, body)).encoded()

    def _protected(self, message: Message) -> Message:
        if isinstance(self.credentials, Signing):
            own = x509.load_der_x509_certificate(self.credentials.certificate)
            key_id = x509.SubjectKeyIdentifier.from_public_key(own.public_key()).digest
            chain = (self.credentials.certificate, *self.credentials.chain)
            return protection.with_signature(message, self.credentials.signer, key_id, chain)
        own_way = self.dialect
        mac = PasswordBasedMac(os.urandom(SALT_BYTES), own_way.owf, own_way.rounds, own_way.mac)
        named = with_algorithm(message, mac.encoded(), self.credentials.reference)
        return replace(named, protection=mac.compute(self.credentials.value, named.part()))

    def _check(self, asked: Message, told: Message) -> None:
        if told.header.transaction_id != asked.header.transaction_id:
            raise AnswerBroken("an answer to another transaction")
        if told.header.recip_nonce != asked.header.sender_nonce:
            raise AnswerBroken("an answer to another message")
        if told.protection is None:
            if told.kind is Kind.ERROR and self.dialect.unprotected_errors:
                return
            raise AnswerBroken("an answer without protection")
        if not self._is_theirs(told):
            raise AnswerBroken("an answer that is not protected by the authority")

    def _is_theirs(self, told: Message) -> bool:
        if protection.is_mac(told.header.protection_alg):
            return isinstance(self.credentials, Secret) and protection.mac_is_right(
                told, self.credentials.value, old=self.dialect.mac in protection.OLD_MACS
            )
        known = [x509.load_der_x509_certificate(each) for each in self.trust.certificates]
        signers = [x509.load_der_x509_certificate(each) for each in told.extra_certs[:1]] or known
        return any(
            (each in known or any(_issued(each, above) for above in known))
            and protection.signature_is_right(told, each)
            for each in signers
        )

    def _outcome(self, told: Message) -> Outcome:
        if told.kind is Kind.PKICONF:
            return Done()
        if told.kind is Kind.ERROR:
            said = _rejected(tlv.sequence(told.body)[0].encoded)
            return replace(said, protected=told.protection is not None)
        if told.kind is Kind.RP:
            status = tlv.sequence(tlv.sequence(told.body)[0].encoded)[0].encoded
            return Done() if _status(status) in {0, 1} else _rejected(status)
        if told.kind is Kind.POLL_REP:
            number, after = tlv.sequence(tlv.sequence(told.body)[0].encoded)[:2]
            seconds = asn1.decode_der(int, after.encoded)
            return Waiting(asn1.decode_der(int, number.encoded), told.header.sender_nonce or b"", seconds)
        if told.kind in CERT_ANSWERS:
            return self._certified(told)
        raise AnswerBroken(f"an answer of kind {told.kind.name}")

    def _certified(self, told: Message) -> Outcome:
        response = tlv.sequence(tlv.sequence(told.body)[-1].encoded)[0]
        number, status, *rest = tlv.sequence(response.encoded)
        request_id, nonce = asn1.decode_der(int, number.encoded), told.header.sender_nonce or b""
        state = _status(status.encoded)
        if state == bodies.Status.WAITING:
            return Waiting(request_id, nonce)
        pair = [part for part in rest if part.tag == tlv.SEQUENCE]
        if state not in {0, 1} or not pair:
            return _rejected(status.encoded)
        certificate = tlv.only(tlv.sequence(pair[0].encoded)[0].content).encoded
        sealed = [asn1.decode_der(bytes, part.encoded) for part in rest if part.tag == OCTET_STRING]
        return Issued(certificate, request_id, self._unsealed(told, sealed), nonce, wants_implicit_confirm(told.header))

    def _unsealed(self, told: Message, sealed: list[bytes]) -> bytes | None:
        if not sealed or not isinstance(self.credentials, Secret):
            return None
        transaction = told.header.transaction_id or b""
        return encrypted_vid.unseal(sealed[0], self.credentials.value, transaction, encrypted_vid.Direction.RESPONSE)


def _issued(certificate: x509.Certificate, above: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(above)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _retagged(tag: int, value: bytes) -> bytes:
    """Return a DER value under an implicit tag."""
    return der.wrapped(tag, tlv.only(value).content)


def _extensions(identity: bytes) -> bytes:
    """Return the template's field `extensions` with the subjectAltName."""
    name = vid.alternative_name(identity).public_bytes()
    alternative = der.Extension(extn_id=bodies.OID_ALTERNATIVE_NAME, critical=False, value=name)
    return _retagged(der.CONTEXT_TAG | 9, sequence_of(asn1.encode_der(alternative)))


def _old_cert_id(issuer: bytes, serial: int) -> bytes:
    """Return the control that names the certificate to be replaced (RFC 4211 section 6.5)."""
    named = sequence_of(general_name(issuer), asn1.encode_der(serial))
    return sequence_of(asn1.encode_der(bodies.OID_OLD_CERT_ID), named)


def _status(info: bytes) -> int:
    return asn1.decode_der(int, tlv.sequence(info)[0].encoded)


def _rejected(info: bytes) -> Rejected:
    """Read a PKIStatusInfo that is no success."""
    texts: tuple[str, ...] = ()
    failures: frozenset[int] = frozenset()
    for part in tlv.sequence(info)[1:]:
        if part.tag == tlv.SEQUENCE:
            texts = tuple(each.content.decode("utf-8", "replace") for each in tlv.children(part.content))
        elif part.tag == bodies.BIT_STRING:
            octets = part.content[1:]
            failures = frozenset(at for at in range(8 * len(octets)) if octets[at // 8] & 0x80 >> at % 8)
    return Rejected(failures, texts)
