"""Certificates that a thief signs with, and none is good for it: (key, extraCerts, what else is changed)."""

import os
from datetime import timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding

from tests.hostile.cmp_world import World, key, private_half
from tests.hostile.keys import Key
from tests.support import authority as small_ca

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey
Impostor = tuple[Key, tuple[bytes, ...], dict[str, bytes]]
#: The thief's own new key: whatever is certified for it is a hole.
FRESH = 20
SERIAL_HEAD, VERSION = b"\xa0\x03\x02\x01", 2


@cache
def impostors(world: World) -> tuple[Impostor, ...]:
    mine, thief, victim = key(FRESH), world.thief.der, world.victim.der
    chains = [*_forged(world), *_damaged(victim), (world.issuing,), (world.root,), *_delegates(world)]
    chains += [
        (),
        (b"",),
        (b"\x30\x00",),
        (b"\x05\x00",),
        (victim,),
        (victim, thief),
        (world.mover.der, world.issuing),
    ]
    found: list[Impostor] = [(mine, chain, {}) for chain in chains]
    found += [(world.thief.key, (victim, thief), {}), (world.thief.key, (world.issuing, thief), {})]
    for signature in (
        b"\x00",
        bytes(256),
        b"\xff" * 256,
        os.urandom(256),
        world.thief.key.sign(b"another message"),
    ):
        found.append((world.thief.key, (thief,), {"signature": signature}))
    return tuple(found)


def _forged(world: World) -> list[tuple[bytes, ...]]:
    """Names and serials are the victim's; the key, or the signature, is the thief's."""
    victim = x509.load_der_x509_certificate(world.victim.der)
    private, other = private_half(FRESH), ec.generate_private_key(ec.SECP256R1())
    issuing = _certificate(private, victim.issuer, victim.issuer, 7, private)
    return [
        (_certificate(private, victim.subject, victim.issuer, victim.serial_number, private), issuing),
        (_certificate(private, victim.subject, victim.subject, victim.serial_number, private),),
        (_certificate(other, victim.subject, victim.issuer, victim.serial_number, private),),
        (_certificate(ed25519.Ed25519PrivateKey.generate(), victim.subject, victim.issuer, 1, private),),
        (issuing, world.victim.der),
    ]


def _damaged(victim: bytes) -> list[tuple[bytes, ...]]:
    """The victim's certificate, not quite: it names a serial that the authority knows."""
    head = SERIAL_HEAD + bytes([VERSION])
    versions = [victim.replace(head, SERIAL_HEAD + bytes([number]), 1) for number in (0, 1, 3, 255)]
    at = victim.index(head) + len(head)
    serials = [victim[: at + 2] + bytes([first]) + victim[at + 3 :] for first in (0x00, 0x80, 0xFF)]
    swapped = victim.replace(key(0).spki[-270:], key(FRESH).spki[-270:])
    altered = [victim[:-1] + bytes([victim[-1] ^ 1]), victim + b"", victim[:-1], swapped]
    return [(each,) for each in (*versions, *serials, *altered)]


def _delegates(world: World) -> list[tuple[bytes, ...]]:
    """The authority's own delegate, as its signed answers carry it."""
    return [tuple(each) for each in world.delegates]


def _certificate(
    holder: Private, subject: x509.Name, issuer: x509.Name, serial: int, signer: rsa.RSAPrivateKey
) -> bytes:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).serial_number(serial)
    begin = small_ca.MORNING - timedelta(days=30)
    dated = builder.not_valid_before(begin).not_valid_after(begin + timedelta(days=300))
    return dated.public_key(holder.public_key()).sign(signer, hashes.SHA256()).public_bytes(Encoding.DER)
