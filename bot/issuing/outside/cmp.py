"""An authority that speaks CMP (RFC 9810): cr, polling, certConf, then rr for the certificate that was replaced."""

import logging
import os
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import msgspec
from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key

from bot.issuing.outside.protocol import DONE, Away, Order, Refused, Step
from bot.issuing.outside.trust import is_signed_by
from ca.asn1 import der
from ca.cmp.bodies import Failure
from ca.cmp.client import AnswerBroken, Client, Done, Issued, NewKey, Outcome, Rejected, Waiting
from ca.cmp.message import Kind

logger = logging.getLogger(__name__)

TRANSACTION_BYTES = 16
SUPERSEDED = 4
#: Seconds before a new transaction is begun.
PATIENCE_S = 60
MOST_PATIENCE_S = 86_400
RSA_SHA256 = asn1.encode_der(der.SHA256_WITH_RSA)
#: Failures that concern the customer, and the refusal code that explains each.
THEIRS = {
    Failure.CERT_REVOKED: "R06",
    Failure.BAD_CERT_ID: "R09",
    Failure.BAD_POP: "R15",
    Failure.BAD_CERT_TEMPLATE: "R15",
    Failure.DUPLICATE_CERT_REQ: "R15",
}

#: Sends a PKIMessage to the authority and returns its answer; raises `Away`.
Send = Callable[[bytes], Awaitable[bytes]]


@dataclass(frozen=True, slots=True)
class Controls:
    """What a request contains beyond the key. An authority with an older profile may know none of it."""

    old_cert_id: bool = True
    identify_data: bool = True


EVERY_CONTROL = Controls()


class CmpEngine:
    """`bot.issuing.outside.protocol.Engine`: each message is made from the answer before it."""

    def __init__(self, client: Client, send: Send, controls: Controls = EVERY_CONTROL) -> None:
        self._client = client
        self._send = send
        self._controls = controls
        self._acts: dict[str, Callable[[Step, Outcome], Step]] = {
            "ask": self._asked,
            "poll": self._asked,
            "confirm": self._confirmed,
            "reject": self._rejected,
            "revoke": self._revoked,
        }

    @property
    def chain(self) -> tuple[bytes, ...]:
        return self._client.trust.certificates

    def begin(self, order: Order) -> Step:
        # The key was made by us and encrypted since: checking its primes again takes as long as making it.
        private = load_der_private_key(order.key, None, unsafe_skip_rsa_key_validation=True)
        assert isinstance(private, rsa.RSAPrivateKey)
        old = x509.load_der_x509_certificate(order.replaces)
        transaction = os.urandom(TRANSACTION_BYTES)
        spki = der.spki_bytes(private.public_key())
        message = self._client.request(
            transaction,
            Kind.CR,
            NewKey(spki, lambda part: private.sign(part, padding.PKCS1v15(), hashes.SHA256()), RSA_SHA256),
            subject=old.subject.public_bytes(),
            identity=order.identity if self._controls.identify_data else None,
            replaces=_named(old) if self._controls.old_cert_id else None,
        )
        return Step("ask", message, order.replaces, transaction=transaction, spki=spki, asked=message)

    async def advance(self, step: Step) -> Step:
        message = self._client.protected_anew(step.message)
        answer = await self._send(message)
        try:
            outcome = self._client.read(message, answer)
        except AnswerBroken as error:
            logger.warning("an answer of the authority was not believed: %s", error)
            raise Away from error
        return self._acts[step.stage](step, outcome)

    def _asked(self, step: Step, outcome: Outcome) -> Step:
        match outcome:
            case Waiting():
                message = self._client.poll(step.transaction, outcome)
                return _next(step, "poll", message, _wait(outcome))
            case Issued():
                return self._issued(step, outcome)
            case Rejected():
                raise _refusal(outcome)
            case Done():
                raise Away  # A confirmation of nothing.

    def _issued(self, step: Step, issued: Issued) -> Step:
        """Check it before it is confirmed: after that, we are responsible for it."""
        if not self._fits(step, issued):
            logger.error("the authority issued what was not asked for", extra={"stage": step.stage})
            message = self._client.confirm(step.transaction, issued, accepted=False)
            return _next(step, "reject", message)
        found = msgspec.structs.replace(step, certificate=issued.certificate)
        if issued.confirmed:
            return self._revoking(found)
        message = self._client.confirm(step.transaction, issued)
        return _next(found, "confirm", message)

    def _fits(self, step: Step, issued: Issued) -> bool:
        """Return whether it has our key and no R of another, is new, and was signed by an authority we trust."""
        try:
            new = x509.load_der_x509_certificate(issued.certificate)
            ours = der.spki_of(new) == step.spki and issued.random_number is None
        except ValueError:
            return False
        return ours and issued.certificate != step.replaces and is_signed_by(new, self.chain)

    def _confirmed(self, step: Step, outcome: Outcome) -> Step:
        if isinstance(outcome, Done) or _says(outcome, Failure.CERT_CONFIRMED):
            return self._revoking(step)
        if not isinstance(outcome, Rejected) or not outcome.protected:
            raise _away(outcome)
        # Perhaps another process asked too, and its answer counts there: read the answer once more.
        _away(outcome)
        again = msgspec.structs.replace(step, certificate=None)
        return _next(again, "ask", step.asked, wait=float(PATIENCE_S))

    def _rejected(self, _step: Step, _outcome: Outcome) -> Step:
        raise Refused("R15", "the authority issued what was not asked for, and was told so")

    def _revoking(self, step: Step) -> Step:
        issuer, serial = _named(x509.load_der_x509_certificate(step.replaces))
        message = self._client.revoke(os.urandom(TRANSACTION_BYTES), issuer, serial, SUPERSEDED)
        return _next(step, "revoke", message)

    def _revoked(self, step: Step, outcome: Outcome) -> Step:
        """An authority that revoked it while issuing says so; one that never had it cannot have it in use."""
        if _says(outcome, Failure.BAD_CERT_ID):
            logger.warning("the authority knows no certificate to revoke")
        elif not isinstance(outcome, Done) and not _says(outcome, Failure.CERT_REVOKED):
            raise _away(outcome)
        return _next(step, DONE, b"")


def _wait(waiting: Waiting) -> float:
    """Return the seconds until the next poll: only the answer to a pollReq says so (RFC 9810 section 5.3.22)."""
    if waiting.check_after is None:
        return 0.0
    return float(min(max(waiting.check_after, 1), MOST_PATIENCE_S))


def _next(step: Step, stage: str, message: bytes, wait: float = 0.0) -> Step:
    return msgspec.structs.replace(step, stage=stage, message=message, wait=wait)


def _named(certificate: x509.Certificate) -> tuple[bytes, int]:
    return certificate.issuer.public_bytes(), certificate.serial_number


def _says(outcome: Outcome, failure: Failure) -> bool:
    return isinstance(outcome, Rejected) and outcome.protected and failure in outcome.failures


def _refusal(outcome: Rejected) -> Refused | Away:
    """Tell what the customer can correct from what only we or the authority can: that waits, and is logged."""
    for failure, code in THEIRS.items():
        if failure in outcome.failures and outcome.protected:
            return Refused(code, "; ".join(outcome.texts))
    return _away(outcome)


def _away(outcome: Outcome) -> Away:
    """Log what only we or the authority can correct; the caller waits."""
    if isinstance(outcome, Rejected):
        bits = sorted(Failure(each).name for each in outcome.failures if each in set(Failure))
        logger.error("the authority refuses us", extra={"failures": bits, "texts": outcome.texts})
    return Away()
