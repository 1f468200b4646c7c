"""Delegates: short-lived certificates under an issuing key, for work that its own key may not do or is too slow for.

Their keys exist in this process only and are replaced well before the certificate expires, so there is little to steal,
nothing to revoke and nothing to plan.
"""

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum

from cryptography import x509
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID

from ca.asn1 import der
from ca.certificates import tbs as profile
from ca.keys.issuing_keys import IssuingKey, Keys
from ca.keys.signer import PUBLIC_EXPONENT, Signer, SoftSigner
from ca.ledger.ledger import Ledger, Transaction, seconds
from ca.profiles import names
from ca.profiles.settings import AuthoritySettings
from ca.status.lint_status import check_delegate
from ca.values.refusals import LedgerBroken
from ca.values.serials import new_serial

VERSION_3 = 2
#: RSA, as tools in Korea know nothing else for certain; 2048 bits, as it lives for days.
BITS = 2048
LIFETIME = timedelta(days=7)
#: An older one is replaced: relying parties must be able to check its answers for days.
REPLACED_AFTER = timedelta(days=3)
#: Clocks of relying parties go wrong by minutes.
BACKDATED = timedelta(minutes=10)


class Purpose(Enum):
    """What it may do (extended key usage), and the common name it does it under."""

    OCSP = (ExtendedKeyUsageOID.OCSP_SIGNING, "OCSP")
    """RFC 6960 section 4.2.2.2."""
    CMP = (x509.ObjectIdentifier("1.3.6.1.5.5.7.3.27"), "CMP")
    """id-kp-cmcCA, RFC 9810 section 4.5."""
    AUDIT = (x509.ObjectIdentifier("1.3.6.1.5.5.7.3.36"), "AUDIT")
    """id-kp-documentSigning, RFC 9336: heads of the audit."""


@dataclass(frozen=True, slots=True)
class Delegate:
    certificate: x509.Certificate
    der: bytes
    signer: Signer
    key_hash: bytes
    """SHA-1 of the public key's bits (RFC 6960 section 4.2.1, `byKey`)."""


class Delegates:
    """Returns the current delegate; safe for threads."""

    def __init__(
        self, ledger: Ledger, keys: Keys, settings: AuthoritySettings, entropy: Callable[[int], bytes]
    ) -> None:
        self._ledger = ledger
        self._keys = keys
        self._settings = settings
        self._entropy = entropy
        self._lock = threading.Lock()
        self._made: dict[tuple[Purpose, str], Delegate] = {}

    def get(self, purpose: Purpose, key_id: str, now: datetime) -> Delegate:
        """Return a delegate of this issuing key, made now if there is none or it is old; `now` is aware."""
        with self._lock:
            known = self._made.get((purpose, key_id))
            if known is None or not self._is_young(known, now):
                known = self._make(purpose, self._keys.issuer(key_id))
                self._made[purpose, key_id] = known
            return known

    def _is_young(self, delegate: Delegate, now: datetime) -> bool:
        begin = delegate.certificate.not_valid_before_utc
        return begin <= now < begin + REPLACED_AFTER

    def _make(self, purpose: Purpose, issuer: IssuingKey) -> Delegate:
        signer = SoftSigner(rsa.generate_private_key(PUBLIC_EXPONENT, BITS))
        with self._ledger.transaction() as tx:
            serial = self._free_serial(tx)
            tbs = self._tbs(purpose, issuer, signer, serial, tx.now)
            tx.audit("delegating", f"{serial:x}", "", purpose=purpose.name, tbs=hashlib.sha256(tbs).hexdigest())
        check_delegate(tbs, issuer.certificate, purpose.value[0], LIFETIME)
        content = der.signed(tbs, issuer.signer.sign(tbs))
        certificate = x509.load_der_x509_certificate(content)
        _verify(certificate, tbs, issuer.certificate)
        with self._ledger.transaction() as tx:
            tx.run(
                "insert_delegate",
                serial=f"{serial:x}",
                issuer=issuer.key_id,
                purpose=purpose.name,
                not_after=seconds(certificate.not_valid_after_utc),
                der=content,
            )
            row = tx.attest("delegate_row", serial=f"{serial:x}")
            tx.audit("delegated", f"{serial:x}", "", der=hashlib.sha256(content).hexdigest(), row=row)
        key_id = x509.SubjectKeyIdentifier.from_public_key(certificate.public_key())
        return Delegate(certificate, content, signer, key_id.digest)

    def _free_serial(self, tx: Transaction) -> int:
        serial = new_serial(self._entropy)
        while tx.one("serial_is_taken", serial=f"{serial:x}"):
            serial = new_serial(self._entropy)
        return serial

    def _tbs(self, purpose: Purpose, issuer: IssuingKey, signer: Signer, serial: int, now: datetime) -> bytes:
        usage, name = purpose.value
        begin = (now - BACKDATED).replace(second=0, microsecond=0)
        end = min(begin + LIFETIME, issuer.certificate.not_valid_after_utc)
        key_id = issuer.certificate.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value
        extensions: list[x509.ExtensionType] = [
            x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id),
            profile.subject_key(signer.spki),
            profile.key_usage("digital_signature"),
            x509.ExtendedKeyUsage([usage]),
        ]
        if purpose is Purpose.OCSP:
            extensions.append(x509.OCSPNoCheck())
        tbs = der.TbsCertificate(
            version=VERSION_3,
            serial=serial,
            signature=der.SHA256_WITH_RSA,
            issuer=der.raw(issuer.certificate.subject.public_bytes()),
            validity=der.Validity(not_before=der.moment(begin), not_after=der.moment(end)),
            subject=der.raw(names.authority_name(self._settings, name).public_bytes()),
            spki=der.raw(signer.spki),
            extensions=[der.extension(each, critical=isinstance(each, x509.KeyUsage)) for each in extensions],
        )
        return asn1.encode_der(tbs)


def _verify(certificate: x509.Certificate, tbs: bytes, issuer: x509.Certificate) -> None:
    """Read it as a relying party would; if that fails it is not used."""
    if certificate.tbs_certificate_bytes != tbs:
        raise LedgerBroken("a delegate's certificate is not what was to be signed")
    certificate.verify_directly_issued_by(issuer)
