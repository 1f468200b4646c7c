"""Parts of PKIMessages made by hand, right unless told otherwise; a thief who protects them has small costs."""

from collections.abc import Callable
from dataclasses import replace
from random import Random

from cryptography.hazmat import asn1

from ca.asn1.der import Oid, tagged
from ca.cmp import protection
from ca.cmp.message import Header, Kind, Message, general_name
from ca.cmp.protection import OID_HMAC_SHA256, OID_SHA256, PasswordBasedMac
from tests.hostile import wire
from tests.hostile.cmp_world import World
from tests.hostile.keys import Key
from tests.hostile.wire import tlv

CHEAP = 100
NOBODY = tlv(4 | 0xA0, tlv(wire.SEQUENCE))
OID_OLD_CERT_ID = "1.3.6.1.5.5.7.5.1.5"
OID_CRL_REASON = "2.5.29.21"
ENUMERATED = 0x0A


def header(world: World, chance: Random, **changes: object) -> Header:
    plain = Header(
        pvno=2,
        sender=NOBODY,
        recipient=general_name(world.name),
        transaction_id=chance.randbytes(16),
        sender_nonce=chance.randbytes(16),
    )
    return replace(plain, **changes)


def by_secret(
    reference: bytes,
    secret: bytes,
    head: Header,
    kind: Kind,
    body: bytes,
    mac: PasswordBasedMac | None = None,
) -> bytes:
    """Return the message under a MAC, of the least rounds unless it is given."""
    used = mac or PasswordBasedMac(b"saltsalt", OID_SHA256, CHEAP, OID_HMAC_SHA256)
    return under_mac(reference, used.encoded(), lambda part: used.compute(secret, part), head, kind, body)


def under_mac(
    reference: bytes,
    algorithm: bytes,
    compute: Callable[[bytes], bytes],
    head: Header,
    kind: Kind,
    body: bytes,
) -> bytes:
    message = Message(replace(head, protection_alg=algorithm, sender_kid=reference), kind, body)
    return replace(message, protection=compute(message.part())).encoded()


def by_thiefs_code(world: World, head: Header, kind: Kind, body: bytes) -> bytes:
    """Protect it with the number and code that the thief has by right: it gets as far as it can."""
    given = world.thief_code
    return by_secret(given.reference.encode(), given.code.encode(), head, kind, body)


def by_key(
    signer: Key, certificates: tuple[bytes, ...], head: Header, kind: Kind, body: bytes, **changes: bytes
) -> bytes:
    algorithm = changes.get("algorithm", signer.algorithm)
    message = Message(replace(head, protection_alg=algorithm, sender_kid=b"k" * 20), kind, body)
    signature = changes.get("signature") or signer.sign(message.part())
    return replace(message, protection=signature, extra_certs=certificates).encoded()


def key_request(
    key: Key,
    prove: Callable[[bytes], bytes] | None = None,
    *,
    algorithm: bytes = b"",
    proof: bytes | None = None,
    controls: bytes = b"",
    fields: bytes = b"",
    after: bytes = b"",
) -> bytes:
    """Return the CertReqMessages of an ir, cr or kur; `prove` signs instead of the key itself."""
    _, content = _opened(key.spki)
    template = tlv(wire.SEQUENCE, tagged(5, tlv(wire.SEQUENCE)), tlv(0xA6, content), fields)
    asked = tlv(wire.SEQUENCE, wire.integer(0), template, controls)
    if proof is None:
        proof = tlv(0xA1, algorithm or key.algorithm, wire.bits((prove or key.sign)(asked)))
    return tlv(wire.SEQUENCE, tlv(wire.SEQUENCE, asked, proof, after))


def old_cert_id(world: World, serial: int) -> bytes:
    value = tlv(wire.SEQUENCE, general_name(world.name), wire.integer(serial))
    return tlv(wire.SEQUENCE, tlv(wire.SEQUENCE, wire.oid(OID_OLD_CERT_ID), value))


def revocation(world: World, serial: bytes, reason: bytes | None = b"\x01") -> bytes:
    """Return an rr's body; `serial` is the content of the INTEGER, `reason` of the ENUMERATED."""
    template = tlv(wire.SEQUENCE, tlv(0x81, serial), tagged(3, world.name))
    if reason is None:
        return tlv(wire.SEQUENCE, tlv(wire.SEQUENCE, template))
    value = tlv(wire.OCTET_STRING, tlv(ENUMERATED, reason))
    extension = tlv(wire.SEQUENCE, wire.oid(OID_CRL_REASON), value)
    return tlv(wire.SEQUENCE, tlv(wire.SEQUENCE, template, tlv(wire.SEQUENCE, extension)))


def serial_content(serial: int) -> bytes:
    return wire.integer(serial)[2:]


def confirmation(digest: bytes, *, accepted: bool = True, number: int = 0, after: bytes = b"") -> bytes:
    status = b"" if accepted else tlv(wire.SEQUENCE, wire.integer(2))
    each = tlv(wire.SEQUENCE, tlv(wire.OCTET_STRING, digest), wire.integer(number), status, after)
    return tlv(wire.SEQUENCE, each)


def mac_of(
    owf: Oid = OID_SHA256, rounds: int = CHEAP, mac: Oid = OID_HMAC_SHA256, salt: bytes = b"saltsalt"
) -> PasswordBasedMac:
    return PasswordBasedMac(salt, owf, rounds, mac)


def algorithm(dotted: str, parameters: bytes = wire.NULL) -> bytes:
    return tlv(wire.SEQUENCE, wire.oid(dotted), parameters)


def pbm(*parts: bytes) -> bytes:
    """Return a protectionAlg of the password-based MAC with these parameters."""
    return tlv(wire.SEQUENCE, asn1.encode_der(protection.OID_PBM), tlv(wire.SEQUENCE, *parts))


def _opened(data: bytes) -> tuple[int, bytes]:
    """Return tag and content of a value, whatever is inside."""
    first = data[1]
    begin = 2 + (first & 0x7F if first & 0x80 else 0)
    return data[0], data[begin:]
