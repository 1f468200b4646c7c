"""Malicious certificate requests, by kind. The proof of possession is valid where possible, to reach later checks."""

import base64
from collections.abc import Callable
from random import Random

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from ca.requests import key_rules
from tests.hostile import wire
from tests.hostile.keys import SHA256_ECDSA, Key, good_keys, sha1_key, weak_keys
from tests.hostile.wire import tlv

P256_ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
WEAK_SEED = 7


def request(key: Key, rng: Random, attributes: bytes = b"", version: bytes = b"\x02\x01\x00") -> bytes:
    """Return a request with a valid signature over the given parts."""
    inner = wire.info(wire.name(f"thief {rng.random()}"), key.spki, attributes, version)
    return wire.request(inner, key.algorithm, key.sign(inner))


def good(rng: Random) -> bytes:
    return request(rng.choice(good_keys()), rng, wire.random_number(rng.randbytes(20)))


def weak_key(rng: Random) -> bytes:
    return request(rng.choice(weak_keys(WEAK_SEED)), rng)


def own_key(rng: Random) -> bytes:
    """Use the authority's own key with a valid signature. Nobody outside can sign so, but it must be refused anyway."""
    return request(own(), rng)


def own() -> Key:
    return good_keys()[2]


def bad_point(rng: Random) -> bytes:
    curve, wide, p = rng.choice(((ec.SECP256R1(), 32, "P-256"), (ec.SECP384R1(), 48, "P-384")))
    numbers = ec.generate_private_key(curve).public_key()
    point = numbers.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    x, y = point[1 : 1 + wide], point[1 + wide :]
    field = key_rules.CURVES[p].p
    forms = [
        b"\x00",
        b"",
        b"\x04",
        bytes(1 + 2 * wide),
        b"\x04" + bytes(2 * wide),
        b"\x04" + rng.randbytes(2 * wide),
        b"\x04" + b"\xff" * (2 * wide),
        b"\x04" + field.to_bytes(wide, "big") + y,
        b"\x04" + x + (int.from_bytes(y, "big") ^ 1).to_bytes(wide, "big"),
        b"\x04" + x,
        point + b"\x00",
        b"\x04" + b"\x00" + x + b"\x00" + y,
        bytes([2 + (y[-1] & 1)]) + x,
        bytes([6 + (y[-1] & 1)]) + x + y,
    ]
    oids = {"P-256": "1.2.840.10045.3.1.7", "P-384": "1.3.132.0.34"}
    spki = wire.ec_spki(wire.oid(oids[p]), rng.choice(forms))
    return request(Key("point", spki, lambda _: encode_dss_signature(1, 1), SHA256_ECDSA), rng)


def odd_parameters(rng: Random) -> bytes:
    """Use a valid point with parameters of another curve, none, NULL, or explicit ones."""
    private = ec.generate_private_key(ec.SECP256R1())
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    explicit = tlv(
        wire.SEQUENCE,
        wire.integer(1),
        tlv(wire.SEQUENCE, wire.oid("1.2.840.10045.1.1"), wire.integer(key_rules.CURVES["P-256"].p)),
        tlv(wire.SEQUENCE, tlv(4, bytes(32)), tlv(4, key_rules.CURVES["P-256"].b.to_bytes(32, "big"))),
        tlv(wire.OCTET_STRING, point),
        wire.integer(P256_ORDER),
    )
    curve = rng.choice([b"", wire.NULL, explicit, wire.oid("1.3.132.0.10"), wire.oid("1.3.132.0.34"), rng.randbytes(8)])
    other = rng.choice(good_keys()[3:])
    return request(Key("parameters", wire.ec_spki(curve, point), other.sign, SHA256_ECDSA), rng)


def false_possession(rng: Random) -> bytes:
    """Use another person's key with an invalid proof of possession."""
    victim, attacker = rng.sample(good_keys(), 2)
    inner = wire.info(wire.name(str(rng.random())), victim.spki)
    valid = victim.sign(inner)
    number = int.from_bytes(valid, "big")
    invalid = rng.choice(
        [
            attacker.sign(inner),
            victim.sign(inner + b"\x00"),
            victim.sign(wire.name("something else")),
            b"",
            bytes(len(valid)),
            b"\xff" * len(valid),
            b"\x00" * (len(valid) - 1) + b"\x01",
            valid[:-1],
            valid + b"\x00",
            b"\x00" + valid,
            valid[::-1],
            rng.randbytes(len(valid)),
            (number ^ 1 << rng.randrange(8 * len(valid))).to_bytes(len(valid), "big"),
            encode_dss_signature(0, 0),
            encode_dss_signature(1, P256_ORDER),
            rng.randbytes(12000),
        ]
    )
    return wire.request(inner, victim.algorithm, invalid)


def wrong_algorithm(rng: Random) -> bytes:
    """Use SHA-1, unknown, mismatched or malformed algorithms, with a valid signature where possible."""
    if rng.random() < 0.2:
        return request(sha1_key(), rng)
    key = rng.choice(good_keys())
    dotted = rng.choice(
        [
            "1.2.840.113549.1.1.4",
            "1.2.840.113549.1.1.5",
            "1.2.840.113549.1.1.10",
            "1.2.840.113549.1.1.12",
            "1.2.840.113549.1.1.1",
            "1.2.840.10045.4.1",
            "1.2.840.10045.4.3.1",
            "1.2.840.10045.4.3.4",
            "1.3.101.112",
            "2.999." + str(rng.getrandbits(64)),
        ]
    )
    parameters = rng.choice([b"", wire.NULL, wire.NULL * 2, b"\x30\x00", b"\x05\x01\x00", wire.integer(0)])
    algorithm = tlv(wire.SEQUENCE, wire.oid(dotted), parameters)
    if rng.random() < 0.3:
        algorithm = tlv(wire.SEQUENCE, wire.oid("1.2.840.113549.1.1.11"), wire.NULL, wire.NULL)
    inner = wire.info(wire.name("x"), key.spki)
    return wire.request(inner, algorithm, key.sign(inner))


def bomb(rng: Random) -> bytes:
    """Nest elements as deep as the size allows, with correct lengths, alone or inside a request."""
    tag = rng.choice([0x30, 0x31, 0xA0, 0x24, 0x63])
    depth = rng.choice([17, 20, 100, 1000, 2500, 4000])
    nested = b""
    for _ in range(depth):
        nested = tlv(tag, nested)
    key = rng.choice(good_keys())
    attribute = tlv(wire.SEQUENCE, wire.oid("1.2.3"), tlv(wire.SET, nested))
    return rng.choice(
        [
            nested,
            wire.info(nested, key.spki),
            request(key, rng, attribute),
            request(Key("bomb", nested, key.sign), rng),
            tlv(wire.SEQUENCE, *[tlv(tag, b"") for _ in range(rng.randrange(7000))]),
            bytes([tag, 0x80]) * rng.randrange(1, 8000),
            bytes([tag, 0x84, 0x7F, 0xFF, 0xFF, 0xFF]) * rng.randrange(1, 2000),
        ]
    )


def absurd_size(rng: Random) -> bytes:
    key = rng.choice(good_keys())
    return rng.choice(
        [
            lambda: rng.randbytes(key_rules.MAX_BYTES + 1 + rng.randrange(100_000)),
            lambda: request(key, rng, tlv(wire.SEQUENCE, wire.oid("1.2.3"), tlv(wire.SET, bytes(16384)))),
            lambda: bytes([0x30, 0x80 | rng.randrange(1, 127)]) + b"\xff" * rng.randrange(200),
            lambda: b"\x30\x84" + rng.randbytes(4) + good(rng),
            lambda: b"-----BEGIN CERTIFICATE REQUEST-----\n" + b"A" * 50_000,
        ]
    )()


def indefinite(rng: Random) -> bytes:
    """Use BER that DER forbids (X.690, 10.1): indefinite lengths, and lengths with more octets than needed."""
    whole = good(rng)
    head = 4 if whole[1] == 0x82 else 3
    body = whole[head:]
    return rng.choice(
        [
            b"\x30\x80" + body + b"\x00\x00",
            b"\x30\x83" + len(body).to_bytes(3, "big") + body,
            b"\x30\x84" + len(body).to_bytes(4, "big") + body,
            b"\x30\x88" + len(body).to_bytes(8, "big") + body,
            b"\x24" + whole[1:],
            b"\x3f\x10" + whole[1:],
        ]
    )


def misshaped(rng: Random) -> bytes:
    """Sign validly what is not a request: versions, huge and negative numbers, very long OIDs, an empty R."""
    key = rng.choice(good_keys())
    long_oid = bytes([wire.OID]) + wire.length(4000) + b"\xff" * 3999 + b"\x01"
    r = tlv(wire.SEQUENCE, wire.oid("1.2.410.200004.10.1.1.3"), tlv(wire.SET))
    numbers = [wire.random_number(rng.randbytes(size)) for size in (0, 1, 19, 65, 4000)]
    attributes = [
        r,
        *numbers,
        wire.random_number(bytes(20)) * 2,
        tlv(wire.SEQUENCE, long_oid, tlv(wire.SET)),
        tlv(wire.SEQUENCE, wire.oid("1.2.3")),
        tlv(wire.SEQUENCE, bytes([wire.OID, 0]), tlv(wire.SET)),
        tlv(wire.SEQUENCE, bytes([wire.OID, 2, 0x80, 1]), tlv(wire.SET)),
        tlv(wire.SET, wire.oid("1.2.3"), tlv(wire.SET)),
        rng.randbytes(rng.randrange(1, 60)),
    ]
    versions = [
        wire.integer(1),
        wire.integer(-1),
        wire.integer(2**4000),
        b"\x02\x00",
        b"\x02\x02\x00\x00",
        b"",
    ]
    algorithm = tlv(wire.SEQUENCE, long_oid, wire.NULL)
    strange = tlv(wire.SEQUENCE, algorithm, wire.bits(bytes(270)))
    return rng.choice(
        [
            lambda: request(key, rng, attributes=rng.choice(attributes)),
            lambda: request(key, rng, version=rng.choice(versions)),
            lambda: request(Key("oid", strange, key.sign), rng),
            lambda: wire.request(wire.info(wire.name("x"), key.spki), algorithm, bytes(256)),
            lambda: request(Key("unused", key.spki[:-1], key.sign), rng),
            lambda: tlv(wire.SEQUENCE),
            lambda: tlv(wire.SEQUENCE, good(rng)),
        ]
    )()


def mutated(rng: Random) -> bytes:
    """Change a valid request; the result is never equal to it."""
    before = good(rng)
    data = bytearray(before)
    while data == before:
        for _ in range(rng.choice([1, 1, 1, 2, 5, 50])):
            change(data, rng)
    return bytes(data)


def change(data: bytearray, rng: Random) -> None:
    """Apply one change: flip a bit, delete, insert, set a byte, or append."""
    at = rng.randrange(len(data) or 1)
    some = rng.randrange(1, 9)
    action = rng.choice(["flip", "flip", "delete", "insert", "set", "append"])
    if action == "flip":
        data[at : at + 1] = bytes(byte ^ 1 << rng.randrange(8) for byte in data[at : at + 1])
    elif action == "delete":
        del data[at : at + some]
    elif action == "insert":
        data[at:at] = rng.randbytes(some)
    elif action == "set":
        data[at : at + 1] = rng.choice([b"\x00", b"\x7f", b"\x80", b"\xff"])
    else:
        data += rng.randbytes(some)


def noise(rng: Random) -> bytes:
    """Return random bytes, or a random DER structure."""
    if rng.random() < 0.5:
        return rng.randbytes(rng.randrange(3000))
    return _tree(rng, rng.randrange(1, 12))


def _tree(rng: Random, depth: int) -> bytes:
    if depth == 0 or rng.random() < 0.2:
        return tlv(rng.randrange(256), rng.randbytes(rng.randrange(20)))
    return tlv(rng.choice([0x30, 0x31, 0xA0]), *(_tree(rng, depth - 1) for _ in range(rng.randrange(4))))


def malleable(rng: Random) -> bytes:
    """Use a valid ECDSA signature in an invalid encoding, which lax programs accept."""
    key = good_keys()[3]
    inner = wire.info(wire.name(str(rng.random())), key.spki)
    r, s = decode_dss_signature(key.sign(inner))
    invalid = rng.choice(
        [
            encode_dss_signature(r, s + P256_ORDER),
            encode_dss_signature(r + P256_ORDER, s),
            encode_dss_signature(r, s) + b"\x00",
            b"\x30\x80" + encode_dss_signature(r, s)[2:] + b"\x00\x00",
            tlv(wire.SEQUENCE, b"\x02\x22\x00" + r.to_bytes(33, "big"), wire.integer(s)),
            r.to_bytes(32, "big") + s.to_bytes(32, "big"),
            encode_dss_signature(s, r),
        ]
    )
    return wire.request(inner, key.algorithm, invalid)


def armour(rng: Random) -> bytes:
    """Return PEM that is not exactly one block with one request."""
    body = base64.encodebytes(good(rng))
    label = b"CERTIFICATE REQUEST"
    block = b"-----BEGIN %b-----\n%b-----END %b-----\n"
    whole = block % (label, body, label)
    return rng.choice(
        [
            whole * 2,
            b"x" + whole,
            whole + b"x",
            block % (b"RSA PRIVATE KEY", body, b"RSA PRIVATE KEY"),
            block % (label, body, b"CERTIFICATE"),
            block % (label, body[:-20], label),
            block % (label, b"", label),
            block % (label, b"Proc-Type: 4,ENCRYPTED\n\n" + body, label),
            block % (label, body.replace(b"A", b"\xea\xb0\x80"), label),
            block % (label, body + b"\x00", label),
            whole[:-6],
            b"-----BEGIN CERTIFICATE REQUEST-----",
        ]
    )


KINDS: dict[str, Callable[[Random], bytes]] = {
    kind.__name__: kind
    for kind in (
        weak_key,
        own_key,
        bad_point,
        odd_parameters,
        false_possession,
        malleable,
        wrong_algorithm,
        bomb,
        absurd_size,
        indefinite,
        misshaped,
        mutated,
        noise,
        armour,
    )
}
