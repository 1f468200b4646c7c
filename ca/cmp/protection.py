"""Who sent it: a MAC under a shared secret, or a signature (RFC 9810 section 5.1.3, algorithms of RFC 9481)."""

import hashlib
import hmac
import os
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat import asn1
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

from ca.asn1 import der, tlv
from ca.asn1.der import Oid, sequence_of
from ca.cmp.message import Message, with_algorithm

OID_PBM = Oid("1.2.840.113533.7.66.13")
SALT_BYTES = 16
#: The most that an unknown sender may make us compute.
MOST_ROUNDS = 10_000
LEAST_ROUNDS = 100
SALT_SIZES = range(8, 129)
OWFS: dict[Oid, Callable[..., "hashlib._Hash"]] = {
    Oid("2.16.840.1.101.3.4.2.1"): hashlib.sha256,
    Oid("2.16.840.1.101.3.4.2.2"): hashlib.sha384,
    Oid("2.16.840.1.101.3.4.2.3"): hashlib.sha512,
}
OID_HMAC_SHA256 = Oid("1.2.840.113549.2.9")
OID_HMAC_SHA384 = Oid("1.2.840.113549.2.10")
OID_HMAC_SHA512 = Oid("1.2.840.113549.2.11")
MACS = {OID_HMAC_SHA256: "sha256", OID_HMAC_SHA384: "sha384", OID_HMAC_SHA512: "sha512"}
OID_SHA1 = Oid("1.3.14.3.2.26")
OID_HMAC_SHA1 = Oid("1.3.6.1.5.5.8.1.2")
#: Algorithms of authorities with an older profile. Our server accepts none of them; our client does if told to.
OLD_OWFS: dict[Oid, Callable[..., "hashlib._Hash"]] = {OID_SHA1: hashlib.sha1}
OLD_MACS = {OID_HMAC_SHA1: "sha1"}
OID_SHA256 = Oid("2.16.840.1.101.3.4.2.1")
RSA_HASHES: dict[Oid, hashes.HashAlgorithm] = {
    Oid("1.2.840.113549.1.1.11"): hashes.SHA256(),
    Oid("1.2.840.113549.1.1.12"): hashes.SHA384(),
    Oid("1.2.840.113549.1.1.13"): hashes.SHA512(),
}
EC_HASHES: dict[Oid, hashes.HashAlgorithm] = {
    Oid("1.2.840.10045.4.3.2"): hashes.SHA256(),
    Oid("1.2.840.10045.4.3.3"): hashes.SHA384(),
    Oid("1.2.840.10045.4.3.4"): hashes.SHA512(),
}


class AlgorithmRefused(ValueError):
    """The protection is of a kind, or a cost, that is not accepted."""


class Signs(Protocol):
    def sign(self, message: bytes) -> bytes: ...


@dataclass(frozen=True, slots=True)
class PasswordBasedMac:
    """PBMParameter (RFC 9810 section 5.1.3.1)."""

    salt: bytes
    owf: Oid
    rounds: int
    mac: Oid

    def encoded(self) -> bytes:
        parameters = sequence_of(
            asn1.encode_der(self.salt),
            _algorithm(self.owf),
            asn1.encode_der(self.rounds),
            _algorithm(self.mac),
        )
        return sequence_of(asn1.encode_der(OID_PBM), parameters)

    def compute(self, secret: bytes, part: bytes) -> bytes:
        owf = (OWFS | OLD_OWFS)[self.owf]
        key = secret + self.salt
        for _ in range(self.rounds):
            key = owf(key).digest()
        return hmac.digest(key, part, (MACS | OLD_MACS)[self.mac])


def algorithm_of(identifier: bytes) -> Oid:
    """Return the algorithm of an AlgorithmIdentifier, DER; raise `ValueError`."""
    parts = tlv.sequence(identifier)
    if not 0 < len(parts) <= 2:  # noqa: PLR2004 - algorithm and parameters
        raise ValueError("no AlgorithmIdentifier")
    return asn1.decode_der(Oid, parts[0].encoded)


def read_mac(identifier: bytes, *, old: bool = False) -> PasswordBasedMac:
    """Read the protectionAlg of a MAC; raise `AlgorithmRefused` for one that is weak, expensive or unknown."""
    owfs, macs = (OWFS | OLD_OWFS, MACS | OLD_MACS) if old else (OWFS, MACS)
    try:
        parts = tlv.sequence(identifier)
        salt, owf, rounds, mac = tlv.sequence(parts[1].encoded)
        found = PasswordBasedMac(
            asn1.decode_der(bytes, salt.encoded),
            algorithm_of(owf.encoded),
            asn1.decode_der(int, rounds.encoded),
            algorithm_of(mac.encoded),
        )
    except (ValueError, IndexError) as error:
        raise AlgorithmRefused("the parameters of the MAC cannot be read") from error
    if found.owf not in owfs or found.mac not in macs:
        raise AlgorithmRefused("the MAC needs SHA-256 or stronger (openssl cmp: -mac hmacWithSHA256)")
    if not LEAST_ROUNDS <= found.rounds <= MOST_ROUNDS or len(found.salt) not in SALT_SIZES:
        raise AlgorithmRefused(f"the MAC's iterations must be from {LEAST_ROUNDS} to {MOST_ROUNDS}")
    return found


def is_mac(identifier: bytes | None) -> bool:
    try:
        return identifier is not None and algorithm_of(identifier) == OID_PBM
    except ValueError:
        return False


def mac_is_right(message: Message, secret: bytes, *, old: bool = False) -> bool:
    """Check the MAC in constant time; raise `AlgorithmRefused`. `old` admits SHA-1."""
    assert message.header.protection_alg is not None
    expected = read_mac(message.header.protection_alg, old=old).compute(secret, message.protected_part)
    return hmac.compare_digest(expected, message.protection or b"")


def with_mac(message: Message, secret: bytes, kid: bytes | None, rounds: int) -> Message:
    """Return the message protected by a MAC under this secret."""
    mac = PasswordBasedMac(os.urandom(SALT_BYTES), OID_SHA256, rounds, OID_HMAC_SHA256)
    named = with_algorithm(message, mac.encoded(), kid)
    return replace(named, protection=mac.compute(secret, named.part()))


def with_signature(message: Message, signer: Signs, kid: bytes, chain: tuple[bytes, ...]) -> Message:
    """Return the message signed with RSA and SHA-256; the chain begins with the signer's certificate."""
    named = with_algorithm(message, asn1.encode_der(der.SHA256_WITH_RSA), kid)
    return replace(named, protection=signer.sign(named.part()), extra_certs=chain)


def signature_is_right(message: Message, certificate: x509.Certificate) -> bool:
    """Check the signature with this certificate's key; raise `AlgorithmRefused`."""
    identifier = message.header.protection_alg
    spki = der.spki_of(certificate)
    return verifies(spki, identifier or b"", message.protected_part, message.protection or b"")


def verifies(spki: bytes, identifier: bytes, signed: bytes, signature: bytes) -> bool:
    """Check a signature over these bytes; raise `AlgorithmRefused` for SHA-1 and other kinds."""
    try:
        algorithm = algorithm_of(identifier)
        key = load_der_public_key(spki)
    except ValueError as error:
        raise AlgorithmRefused("a signature that cannot be read") from error
    try:
        if isinstance(key, rsa.RSAPublicKey) and algorithm in RSA_HASHES:
            key.verify(signature, signed, padding.PKCS1v15(), RSA_HASHES[algorithm])
        elif isinstance(key, ec.EllipticCurvePublicKey) and algorithm in EC_HASHES:
            key.verify(signature, signed, ec.ECDSA(EC_HASHES[algorithm]))
        else:
            raise AlgorithmRefused("a signature of another kind than RSA or ECDSA with SHA-256 or stronger")
    except InvalidSignature:
        return False
    return True


def _algorithm(oid: Oid) -> bytes:
    return asn1.encode_der(der.AlgorithmNull(algorithm=oid, parameters=asn1.Null()))
