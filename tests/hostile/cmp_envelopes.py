"""Hostile PKIMessages that should get no further than the envelope: bytes, lengths, macs and signatures."""

import hashlib
import hmac
from dataclasses import replace
from random import Random

from cryptography.hazmat.primitives import hashes

from ca.cmp import message, protection
from ca.cmp.message import Kind
from tests.hostile import cmp_parts, corpus, wire
from tests.hostile.cmp_impostors import FRESH
from tests.hostile.cmp_parts import CHEAP, header
from tests.hostile.cmp_world import World, key
from tests.hostile.wire import tlv

ASKING = (Kind.IR, Kind.CR, Kind.P10CR, Kind.KUR, Kind.RR, Kind.CERT_CONF, Kind.GENM)


def seen(world: World, chance: Random) -> bytes:
    return chance.choice(world.seen).message


def noise(world: World, chance: Random) -> bytes:
    return corpus.noise(chance)


def truncated(world: World, chance: Random) -> bytes:
    whole = seen(world, chance)
    return whole[: chance.randrange(len(whole))]


def flipped(world: World, chance: Random) -> bytes:
    """Return a message of somebody honest with something flipped, cut, put in or hung on."""
    before = seen(world, chance)
    data = bytearray(before)
    while data == before:
        for _ in range(chance.choice([1, 1, 1, 2, 5])):
            corpus.change(data, chance)
    return bytes(data)


def bomb(world: World, chance: Random) -> bytes:
    """Nested as deep as the size allows: alone, as a body, as a part of the header; or wide without end."""
    tag = chance.choice([0x30, 0x31, 0xA0, 0x24])
    nested = b""
    for _ in range(chance.choice([12, 25, 100, 1000, 4000])):
        nested = tlv(tag, nested)
    head = header(world, chance)
    wide = tlv(wire.SEQUENCE, tlv(tag, b"") * chance.choice([100, 5000, 30_000]))
    return chance.choice(
        [
            lambda: nested,
            lambda: wide,
            lambda: cmp_parts.by_thiefs_code(world, head, chance.choice(ASKING), nested),
            lambda: cmp_parts.by_thiefs_code(world, head, chance.choice(ASKING), wide),
            lambda: cmp_parts.by_thiefs_code(world, header(world, chance, sender=nested), Kind.IR, b"\x30\x00"),
            lambda: cmp_parts.by_key(key(4), (nested,), head, Kind.KUR, b"\x30\x00"),
            lambda: bytes([tag, 0x80]) * chance.randrange(1, 8000),
        ]
    )()


def huge_length(world: World, chance: Random) -> bytes:
    """Return lengths that lie, and sizes up to 1 MiB."""
    head, whole = header(world, chance), seen(world, chance)
    big = chance.choice([60_000, message.MAX_BYTES, 100_000, 1 << 20])
    return chance.choice(
        [
            lambda: bytes(big),
            lambda: b"\x30\x84" + chance.randbytes(4) + whole,
            lambda: bytes([0x30, 0x80 | chance.randrange(1, 127)]) + b"\xff" * chance.randrange(200),
            lambda: b"\x30\x84\x7f\xff\xff\xff" + whole[4:],
            lambda: cmp_parts.by_thiefs_code(world, head, Kind.IR, tlv(wire.OCTET_STRING, bytes(big))),
            lambda: cmp_parts.by_secret(bytes(big), b"x", head, Kind.IR, b"\x30\x00"),
            lambda: cmp_parts.by_thiefs_code(
                world, header(world, chance, transaction_id=bytes(big)), Kind.IR, b"\x30\x00"
            ),
        ]
    )()


def indefinite(world: World, chance: Random) -> bytes:
    """Return BER that DER forbids."""
    whole = seen(world, chance)
    body = whole[4:]
    return chance.choice(
        [
            b"\x30\x80" + body + b"\x00\x00",
            b"\x30\x83" + len(body).to_bytes(3, "big") + body,
            b"\x30\x88" + len(body).to_bytes(8, "big") + body,
            b"\x3f\x10" + whole[1:],
            whole + b"\x00",
            whole * 2,
        ]
    )


def stolen_number(world: World, chance: Random) -> bytes:
    """Return a request under somebody else's reference number, or nobody's, with a code that is a guess."""
    right = world.waiting.code.encode()
    guess = chance.choice(
        [b"", b"\x00", right[:-1], right + b" ", right.lower() + b"0", right[::-1], world.thief_code.code.encode(),
         bytes(20), chance.randbytes(20), world.waiting.reference.encode()]
    )  # fmt: skip
    reference = chance.choice(
        [world.waiting.reference.encode()] * 5
        + [world.used_code.reference.encode(), b"", b"0" * 10, b"desk", b"\xff\xfe", chance.randbytes(10), b"1" * 3000]
    )  # fmt: skip
    mac = cmp_parts.mac_of(rounds=chance.choice([100, 100, 100, 100, 500, 1000, 10_000]))
    kind = chance.choice(ASKING)
    body = cmp_parts.key_request(key(FRESH))
    return cmp_parts.by_secret(reference, guess, header(world, chance), kind, body, mac)


def dear_mac(world: World, chance: Random) -> bytes:
    """Return a MAC that costs more than a stranger may have us spend, or so little that it is none."""
    most = protection.MOST_ROUNDS
    rounds = chance.choice([0, 1, 99, 100, 100, -1, most, most + 1, 10**6, 2**31, 2**63, 2**4000, -(2**64)])
    salt = bytes(chance.choice([0, 7, 129, 10_000]) if rounds == CHEAP else 8)
    given, cheap = world.thief_code, 0 < rounds <= CHEAP
    identifier = cmp_parts.pbm(
        tlv(wire.OCTET_STRING, salt),
        cmp_parts.algorithm("2.16.840.1.101.3.4.2.1"),
        wire.integer(rounds),
        cmp_parts.algorithm("1.2.840.113549.2.9"),
    )

    def compute(part: bytes) -> bytes:
        return cmp_parts.mac_of(rounds=rounds, salt=salt).compute(given.code.encode(), part) if cheap else bytes(32)

    head, body = header(world, chance), cmp_parts.key_request(key(FRESH))
    return cmp_parts.under_mac(given.reference.encode(), identifier, compute, head, Kind.IR, body)


def unknown_algorithm(world: World, chance: Random) -> bytes:
    """Return SHA-1, MD5, and what nobody has heard of, rightly computed where it can be."""
    given = world.thief_code
    body, head = cmp_parts.key_request(key(FRESH)), header(world, chance)
    reference, code = given.reference.encode(), given.code.encode()
    old = cmp_parts.mac_of(
        owf=protection.OID_SHA1, mac=chance.choice([protection.OID_HMAC_SHA1, protection.OID_HMAC_SHA256])
    )
    strange = cmp_parts.algorithm(
        chance.choice(
            ["1.2.840.113549.1.5.14", "1.2.840.113533.7.66.30", "1.2.840.113549.2.5", "1.2.840.113549.2.9",
             "1.2.840.113549.1.1.4", "1.2.840.113549.1.1.10", "1.3.101.112", f"2.999.{chance.getrandbits(40)}"]
        ),
        chance.choice([b"", wire.NULL, wire.NULL * 2, tlv(wire.SEQUENCE), chance.randbytes(6)]),
    )  # fmt: skip
    empty = chance.choice(
        [cmp_parts.pbm(), b"\x30\x00", b"\x05\x00", tlv(wire.SEQUENCE, wire.oid("1.2.840.113533.7.66.13"))]
    )
    return chance.choice(
        [
            lambda: cmp_parts.by_secret(reference, code, head, Kind.IR, body, old),
            lambda: cmp_parts.under_mac(reference, strange, lambda part: _sha256(code, part), head, Kind.IR, body),
            lambda: cmp_parts.under_mac(reference, empty, lambda part: _sha256(code, part), head, Kind.IR, body),
            lambda: cmp_parts.by_key(key(4), (world.thief.der,), head, Kind.KUR, body, algorithm=strange),
            lambda: cmp_parts.by_key(key(4, hashes.SHA1), (world.thief.der,), head, Kind.KUR, body),
        ]
    )()


def _sha256(code: bytes, part: bytes) -> bytes:
    return hmac.digest(code, part, hashlib.sha256)


def unprotected(world: World, chance: Random) -> bytes:
    """Return messages whose protection, its algorithm, or both were left out."""
    body, head = cmp_parts.key_request(key(FRESH)), header(world, chance)
    kind = chance.choice(ASKING)
    whole = message.read(cmp_parts.by_thiefs_code(world, head, kind, body))
    bare = message.Message(head, kind, body)
    stolen = replace(head, protection_alg=whole.header.protection_alg)
    return chance.choice(
        [
            bare,
            message.Message(whole.header, kind, body),
            message.Message(head, kind, body, protection=whole.protection),
            message.Message(whole.header, kind, body, protection=b""),
            message.Message(whole.header, kind, body, protection=(whole.protection or b"")[:16]),
            message.Message(stolen, kind, body, protection=whole.protection),
            message.Message(head, kind, body, extra_certs=(world.victim.der,)),
        ]
    ).encoded()


KINDS = {
    kind.__name__: kind
    for kind in (
        noise,
        truncated,
        flipped,
        bomb,
        huge_length,
        indefinite,
        stolen_number,
        dear_mac,
        unknown_algorithm,
        unprotected,
    )
}
