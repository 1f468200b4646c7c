"""The authority's side of the protocol: one message in, one message out, and every effect once.

The certificate is stored, and the one it replaces revoked, before the answer is sent. If a client rejects it in
certConf, it is revoked again; a client that never confirms keeps a certificate that it can ask for again.
"""

import hashlib
import hmac
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta

from cryptography.hazmat import asn1

from ca.asn1 import der
from ca.asn1.der import Oid, sequence_of
from ca.cmp import bodies, encrypted_vid, protection
from ca.cmp.bodies import Confirmation, Failure, KeyAsked, Status
from ca.cmp.exchange import Exchange, Reply
from ca.cmp.message import (
    NULL,
    OID_IMPLICIT_CONFIRM,
    VERSIONS,
    Header,
    Kind,
    Message,
    MessageBroken,
    answering,
    general_name,
    info_list,
    read,
    read_info,
    wants_implicit_confirm,
)
from ca.cmp.office import Office
from ca.cmp.parties import CertificateHolder, CodeHolder, Party, RegistrationOffice, SecretHolder, recognise
from ca.cmp.refusals import CmpRefusal, told
from ca.keys.issuing_keys import Keys
from ca.ledger.ledger import Ledger, Transaction, seconds
from ca.requests.pkcs10 import read_pkcs10, verify_possession
from ca.status.crl import CODES
from ca.status.delegate import Delegates, Purpose
from ca.values.model import Certificate, KeyRequest, Reason
from ca.values.refusals import CaRefusal

NONCE_BYTES = 16
ID_SIZES = range(16, 65)
IMPLICIT, ACCEPTED = "implicit", "accepted"
KEPT = timedelta(days=30)
ANSWERS = {Kind.IR: Kind.IP, Kind.CR: Kind.CP, Kind.P10CR: Kind.CP, Kind.KUR: Kind.KUP, Kind.RR: Kind.RP}
REASONS = {code: reason for reason, code in CODES.items()} | {0: Reason.UNSPECIFIED}
DIGESTS = {
    Oid("2.16.840.1.101.3.4.2.1"): hashlib.sha256,
    Oid("2.16.840.1.101.3.4.2.2"): hashlib.sha384,
    Oid("2.16.840.1.101.3.4.2.3"): hashlib.sha512,
}
OID_SIGN_KEY_PAIR_TYPES = Oid("1.3.6.1.5.5.7.4.2")
OID_CURRENT_CRL = Oid("1.3.6.1.5.5.7.4.6")
OID_CA_CERTS = Oid("1.3.6.1.5.5.7.4.17")


class CmpServer:
    def __init__(self, ledger: Ledger, keys: Keys, delegates: Delegates, office: Office) -> None:
        self._ledger = ledger
        self._keys = keys
        self._delegates = delegates
        self._office = office
        self._acts: dict[Kind, Callable[[Exchange], Reply]] = {
            Kind.IR: self._certify,
            Kind.CR: self._certify,
            Kind.P10CR: self._certify,
            Kind.KUR: self._update,
            Kind.RR: self._revoke,
        }

    def answer(self, data: bytes) -> bytes:
        """Return the answer to a PKIMessage, DER; an invalid message has an answer too."""
        nonce = os.urandom(NONCE_BYTES)
        try:
            message = read(data)
        except MessageBroken:
            lost = Header(VERSIONS[0], self._name, self._name)
            return self._error(lost, nonce, CmpRefusal(Failure.BAD_DATA_FORMAT, "format"))
        try:
            _check_header(message.header)
            party = recognise(message, self._office)
        except CmpRefusal as refusal:
            return self._error(message.header, nonce, refusal)
        except CaRefusal as refusal:
            return self._error(message.header, nonce, told(refusal))
        return self._protected(Exchange(message, party), nonce)

    def _protected(self, exchange: Exchange, nonce: bytes) -> bytes:
        try:
            nonce = self._begun(exchange, nonce)
            reply = self._reply(exchange, nonce)
        except CmpRefusal as refusal:
            reply = self._noted(exchange, refusal)
        except CaRefusal as refusal:
            reply = _refused(exchange, told(refusal))
        except ValueError:  # The envelope is valid, and its content is not.
            reply = self._noted(exchange, CmpRefusal(Failure.BAD_DATA_FORMAT, "format"))
        header = answering(exchange.header, self._name, nonce, self._now())
        if reply.confirmed == IMPLICIT:
            header = replace(header, general_info=((OID_IMPLICIT_CONFIRM, NULL),))
        return self._sealed(Message(header, reply.kind, reply.body), exchange).encoded()

    def _noted(self, exchange: Exchange, refusal: CmpRefusal) -> Reply:
        """Write a refusal of this server into the audit; the authority's operations write theirs themselves."""
        self._office.note_refusal(exchange.party.name, exchange.request_id, refusal.text)
        return _refused(exchange, refusal)

    def _begun(self, exchange: Exchange, nonce: bytes) -> bytes:
        """Return the nonce for the answer: the same for the same message, as a confirmation may answer any of them."""
        if exchange.message.kind not in self._acts:
            return nonce
        with self._ledger.transaction() as tx:
            return self._open(tx, exchange, nonce)

    def _reply(self, exchange: Exchange, nonce: bytes) -> Reply:
        if exchange.message.kind is Kind.CERT_CONF:
            return self._confirm(exchange)
        if exchange.message.kind is Kind.GENM:
            return self._inform(exchange)
        act = self._acts.get(exchange.message.kind)
        if act is None:
            raise CmpRefusal(Failure.BAD_REQUEST, "unknown_request")
        reply = act(exchange)
        with self._ledger.transaction() as tx:
            serial = None if reply.serial is None else f"{reply.serial:x}"
            values = {"nonce": nonce, "serial": serial, "confirmed": reply.confirmed}
            tx.run("answer_cmp_transaction", id=exchange.transaction, **values)
        return reply

    def _open(self, tx: Transaction, exchange: Exchange, nonce: bytes) -> bytes:
        """Reserve the transaction id for this request: the same request continues, another is refused."""
        content = bytes([exchange.message.kind]) + exchange.message.body
        fingerprint = self._ledger.digest("cmp", hashlib.sha256(content).hexdigest())
        opener = exchange.party.name
        row = tx.one("cmp_transaction", id=exchange.transaction)
        if row is None:
            tx.run("forget_cmp_transactions", before=seconds(tx.now - KEPT))
            values = {"opener": opener, "fingerprint": fingerprint, "nonce": nonce, "at": tx.seconds}
            tx.run("open_cmp_transaction", id=exchange.transaction, **values)
        elif (row["opener"], row["fingerprint"]) != (opener, fingerprint):
            raise CmpRefusal(Failure.TRANSACTION_ID_IN_USE, "in_use")
        return nonce if row is None else bytes(row["nonce"])

    def _certify(self, exchange: Exchange) -> Reply:
        """ir, cr and p10cr: collect the certificate that waits under the reference number."""
        party = exchange.party
        if isinstance(party, RegistrationOffice):
            return self._replace(exchange)
        if not isinstance(party, CodeHolder):
            raise CmpRefusal(Failure.NOT_AUTHORIZED, "not_allowed")
        if exchange.message.kind is Kind.P10CR:
            with _refused_here():
                asked = read_pkcs10(exchange.message.body, self._keys.spkis)
            request_id, spki, random_number = bodies.P10_REQUEST_ID, asked.spki, asked.random_number
        else:
            key = bodies.read_key_request(exchange.message.body)
            self._check_possession(key)
            request_id, spki = key.request_id, key.spki
            random_number = _sent_vid(key, party, exchange.header)
        made = None if random_number else self._office.random_number_for(party.reference, spki)
        request = KeyRequest(spki, random_number or made or b"")
        certificate = self._office.redeem(party.reference, party.code, request)
        sealed = None
        if made is not None:
            transaction = exchange.header.transaction_id or b""
            sealed = encrypted_vid.seal(made, party.secret, transaction, encrypted_vid.Direction.RESPONSE)
        return self._certified(exchange, request_id, certificate, sealed)

    def _replace(self, exchange: Exchange) -> Reply:
        """A registration authority's ir or cr: a holder's new key, in place of the certificate that it names."""
        if exchange.message.kind is Kind.P10CR:
            raise CmpRefusal(Failure.NOT_AUTHORIZED, "not_allowed")
        key = bodies.read_key_request(exchange.message.body)
        if key.replaces is None or key.identity is None:
            raise CmpRefusal(Failure.BAD_CERT_TEMPLATE, "not_vouched_for")
        self._check_possession(key)
        certificate = self._office.replace(key.replaces, key.spki, key.identity, exchange.request_id_for(key.spki))
        return self._certified(exchange, key.request_id, certificate, None)

    def _update(self, exchange: Exchange) -> Reply:
        """kur: a new key for a holder who signed with the present one."""
        party = exchange.party
        if not isinstance(party, CertificateHolder):
            raise CmpRefusal(Failure.NOT_AUTHORIZED, "not_allowed")
        key = bodies.read_key_request(exchange.message.body)
        if key.replaces not in {None, party.record.serial}:
            raise CmpRefusal(Failure.BAD_CERT_ID, "not_allowed")
        self._check_possession(key)
        certificate = self._office.update(party.record.serial, key.spki, exchange.request_id_for(key.spki))
        return self._certified(exchange, key.request_id, certificate, None)

    def _check_possession(self, key: KeyAsked) -> None:
        algorithm = protection.algorithm_of(key.algorithm)
        with _refused_here():
            verify_possession(key.spki, key.signed, key.signature, algorithm, self._keys.spkis)

    def _certified(self, exchange: Exchange, request_id: int, certificate: Certificate, sealed: bytes | None) -> Reply:
        chain = (self._keys.present.der, self._keys.root_der)
        body = bodies.certified(request_id, certificate.der, chain, sealed)
        confirmed = IMPLICIT if wants_implicit_confirm(exchange.header) else None
        return Reply(ANSWERS[exchange.message.kind], body, certificate.serial, confirmed)

    def _revoke(self, exchange: Exchange) -> Reply:
        """rr: a holder's own certificate; a registration authority may revoke any."""
        asked = bodies.read_revocation(exchange.message.body)
        if not self._may_revoke(exchange.party, asked.serial):
            raise CmpRefusal(Failure.NOT_AUTHORIZED, "not_allowed")
        reason = REASONS.get(asked.reason or 0)
        if reason is None or reason is Reason.CERTIFICATE_HOLD:
            raise CmpRefusal(Failure.BAD_REQUEST, "not_allowed")
        self._office.revoke(asked.serial, reason, exchange.request_id)
        return Reply(Kind.RP, bodies.revocation_told(bodies.status_info(Status.ACCEPTED)))

    def _may_revoke(self, party: Party, serial: int) -> bool:
        if isinstance(party, CodeHolder):
            return self._office.serial_for(party.name) == serial
        return isinstance(party, RegistrationOffice) or party.record.serial == serial

    def _confirm(self, exchange: Exchange) -> Reply:
        asked = bodies.read_confirmation(exchange.message.body)
        with self._ledger.reading() as tx:
            row = tx.one("cmp_transaction", id=exchange.transaction)
        if row is None or row["serial"] is None or row["opener"] != exchange.party.name:
            raise CmpRefusal(Failure.BAD_REQUEST, "no_transaction")
        if row["confirmed"] is None and exchange.header.recip_nonce != row["nonce"]:
            raise CmpRefusal(Failure.BAD_RECIPIENT_NONCE, "nonce")
        serial = int(row["serial"], 16)
        record = self._office.record(serial)
        if record is None or not _hash_is_right(asked, record.der):
            raise CmpRefusal(Failure.BAD_CERT_ID, "cert_hash")
        if row["confirmed"] == ACCEPTED and not asked.accepted:
            raise CmpRefusal(Failure.CERT_CONFIRMED, "not_allowed")
        if not asked.accepted:
            self._office.revoke(serial, Reason.CESSATION_OF_OPERATION, f"cmp-rejected-{exchange.transaction}")
        with self._ledger.transaction() as tx:
            values = {"serial": None, "confirmed": ACCEPTED if asked.accepted else "rejected"}
            # The nonce stays: our answer may be lost, and the same confirmation come again.
            tx.run("answer_cmp_transaction", id=exchange.transaction, nonce=row["nonce"], **values)
        return Reply(Kind.PKICONF, NULL)

    def _inform(self, exchange: Exchange) -> Reply:
        known: dict[Oid, Callable[[], bytes]] = {
            OID_CA_CERTS: lambda: sequence_of(self._keys.present.der, self._keys.root_der),
            OID_CURRENT_CRL: self._office.crl,
            OID_SIGN_KEY_PAIR_TYPES: lambda: sequence_of(asn1.encode_der(der.RSA_ENCRYPTION)),
        }
        asked = read_info(exchange.message.body)
        values = tuple((oid, known[oid]() if oid in known else None) for oid, _ in asked)
        return Reply(Kind.GENP, info_list(values))

    def _sealed(self, message: Message, exchange: Exchange) -> Message:
        """Protect the answer as the request was: with the same secret, or with the delegate's signature."""
        party = exchange.party
        if isinstance(party, SecretHolder):
            # As many rounds as the request had: our codes and secrets cannot be guessed, so rounds protect nothing.
            rounds = protection.read_mac(exchange.header.protection_alg or b"").rounds
            return protection.with_mac(message, party.secret, party.reference.encode(), rounds)
        issuer = self._keys.present
        delegate = self._delegates.get(Purpose.CMP, issuer.key_id, self._now())
        name = general_name(delegate.certificate.subject.public_bytes())
        named = replace(message, header=replace(message.header, sender=name))
        return protection.with_signature(named, delegate.signer, delegate.key_hash, (delegate.der, issuer.der))

    def _error(self, header: Header, nonce: bytes, refusal: CmpRefusal) -> bytes:
        """Answer an unknown sender: there is nothing to protect the answer with."""
        answer = answering(header, self._name, nonce, self._now())
        return Message(answer, Kind.ERROR, sequence_of(refusal.status())).encoded()

    @property
    def _name(self) -> bytes:
        return general_name(self._keys.present.certificate.subject.public_bytes())

    def _now(self) -> datetime:
        with self._ledger.reading() as tx:
            return tx.now


@contextmanager
def _refused_here() -> Iterator[None]:
    """Turns errors of the checks before any operation of the authority into refusals."""
    try:
        yield
    except CaRefusal as refusal:
        raise told(refusal) from refusal


def _check_header(header: Header) -> None:
    if header.pvno not in VERSIONS:
        raise CmpRefusal(Failure.UNSUPPORTED_VERSION, "version")
    if len(header.transaction_id or b"") not in ID_SIZES or len(header.sender_nonce or b"") not in ID_SIZES:
        raise CmpRefusal(Failure.BAD_DATA_FORMAT, "header")


def _refused(exchange: Exchange, refusal: CmpRefusal) -> Reply:
    """Refuse in the body that the client waits for; anything else is an error message (RFC 9483 section 3.6.2)."""
    kind = exchange.message.kind
    if kind is Kind.RR:
        return Reply(Kind.RP, bodies.revocation_told(refusal.status()))
    if kind in ANSWERS:
        number = bodies.P10_REQUEST_ID if kind is Kind.P10CR else bodies.REQUEST_ID
        return Reply(ANSWERS[kind], bodies.not_certified(number, refusal.status()))
    return Reply(Kind.ERROR, sequence_of(refusal.status()))


def _sent_vid(key: KeyAsked, party: CodeHolder, header: Header) -> bytes | None:
    if key.encrypted_vid is None:
        return None
    return encrypted_vid.unseal(
        key.encrypted_vid, party.secret, header.transaction_id or b"", encrypted_vid.Direction.REQUEST
    )


def _hash_is_right(asked: Confirmation, certificate: bytes) -> bool:
    digest = hashlib.sha256 if asked.algorithm is None else DIGESTS.get(protection.algorithm_of(asked.algorithm))
    return digest is not None and hmac.compare_digest(digest(certificate).digest(), asked.cert_hash)
