"""Who sent a message: a holder with reference number and code, a certificate's holder, or a registration authority."""

from dataclasses import dataclass, field
from typing import Protocol

from cryptography import x509
from cryptography.hazmat import asn1

from ca.asn1 import tlv
from ca.cmp import protection
from ca.cmp.bodies import Failure
from ca.cmp.message import Message
from ca.cmp.protection import AlgorithmRefused
from ca.cmp.refusals import CmpRefusal
from ca.values.model import Record


@dataclass(frozen=True, slots=True)
class CodeHolder:
    """A holder with 참조번호 and 인가코드."""

    reference: str
    code: str = field(repr=False)

    @property
    def name(self) -> str:
        return self.reference

    @property
    def secret(self) -> bytes:
        return self.code.encode()


@dataclass(frozen=True, slots=True)
class RegistrationOffice:
    """A registration authority with its secret: it vouches for holders."""

    reference: str
    secret: bytes = field(repr=False)

    @property
    def name(self) -> str:
        return self.reference


@dataclass(frozen=True, slots=True)
class CertificateHolder:
    """A holder who signed with the key of this certificate, whatever its status is now."""

    record: Record

    @property
    def name(self) -> str:
        return f"{self.record.serial:x}"


SecretHolder = CodeHolder | RegistrationOffice
Party = SecretHolder | CertificateHolder


class Known(Protocol):
    """What the authority knows about possible senders."""

    def code_of(self, reference: str) -> str:
        """Return the code of this reference number; an unknown number gets a code too, after the same work."""
        ...

    def office_secret(self, name: str) -> bytes | None:
        """Return the secret of the registration authority with this name."""
        ...

    def count_wrong(self, reference: str) -> None: ...

    def record(self, serial: int) -> Record | None: ...


def recognise(message: Message, known: Known) -> Party:
    """Check the protection, and return the sender; raise `CmpRefusal`."""
    if message.protection is None or message.header.protection_alg is None:
        raise CmpRefusal(Failure.BAD_MESSAGE_CHECK, "unprotected")
    try:
        if protection.is_mac(message.header.protection_alg):
            return _by_secret(message, known)
        return _by_certificate(message, known)
    except AlgorithmRefused as error:
        raise CmpRefusal(Failure.BAD_ALG, "algorithm") from error


def _by_secret(message: Message, known: Known) -> SecretHolder:
    reference = (message.header.sender_kid or b"").decode("ascii", "replace")
    secret = known.office_secret(reference)
    if secret is None:
        return _by_code(message, reference, known)
    if not protection.mac_is_right(message, secret):
        raise CmpRefusal(Failure.BAD_MESSAGE_CHECK, "wrong_code")
    return RegistrationOffice(reference, secret)


def _by_code(message: Message, reference: str, known: Known) -> CodeHolder:
    code = known.code_of(reference)
    if not protection.mac_is_right(message, code.encode()):
        known.count_wrong(reference)
        raise CmpRefusal(Failure.BAD_MESSAGE_CHECK, "wrong_code")
    return CodeHolder(reference, code)


def _by_certificate(message: Message, known: Known) -> CertificateHolder:
    if not message.extra_certs:
        raise CmpRefusal(Failure.SIGNER_NOT_TRUSTED, "signer_unknown")
    try:
        record = known.record(_serial(message.extra_certs[0]))
    except ValueError as error:
        raise CmpRefusal(Failure.SIGNER_NOT_TRUSTED, "signer_unknown") from error
    # Byte for byte the one in the ledger: nothing in what was sent is trusted, or parsed beyond its serial.
    if record is None or record.der != message.extra_certs[0]:
        raise CmpRefusal(Failure.SIGNER_NOT_TRUSTED, "signer_unknown")
    if not protection.signature_is_right(message, x509.load_der_x509_certificate(record.der)):
        raise CmpRefusal(Failure.BAD_MESSAGE_CHECK, "signer_unknown")
    return CertificateHolder(record)


def _serial(certificate: bytes) -> int:
    """Return the serial that stands after the version [0]; raise `ValueError`."""
    body, *_ = tlv.sequence(certificate)
    _version, serial, *_ = tlv.sequence(body.encoded)
    number = asn1.decode_der(int, serial.encoded)
    if number <= 0:
        raise ValueError("a serial that no certificate of ours has")
    return number
