"""Hostile PKIMessages from parties that the authority knows, each asking for what is not theirs; and from impostors."""

import hashlib
from dataclasses import replace
from random import Random

from cryptography.hazmat import asn1

from ca.asn1.der import tagged
from ca.asn1.tlv import sequence
from ca.asn1.vid import identify_data
from ca.cmp import encrypted_vid
from ca.cmp.bodies import OID_ENCRYPTED_VID
from ca.cmp.message import Kind, read
from tests.hostile import cmp_parts, corpus, wire
from tests.hostile.cmp_envelopes import ASKING
from tests.hostile.cmp_impostors import FRESH, impostors
from tests.hostile.cmp_parts import (
    by_key,
    by_secret,
    by_thiefs_code,
    header,
    key_request,
    revocation,
    serial_content,
)
from tests.hostile.cmp_world import OFFICE, OFFICE_SECRET, World, key
from tests.hostile.keys import Key, weak_keys
from tests.hostile.wire import tlv
from tests.support import authority as small_ca

WEAK_SEED = 7
REQUESTS = [kind for name, kind in corpus.KINDS.items() if name not in {"own_key", "armour", "noise"}]
ANSWERS = (
    Kind.IP,
    Kind.CP,
    Kind.KUP,
    Kind.RP,
    Kind.PKICONF,
    Kind.GENP,
    Kind.ERROR,
    Kind.POLL_REQ,
    Kind.POLL_REP,
)


def _thief(world: World, chance: Random, kind: Kind, body: bytes, **changes: object) -> bytes:
    """Protect it with what the thief has by right: his certificate, or his code."""
    head = header(world, chance, **changes)
    if chance.random() < 0.5:
        return by_key(key(4), (world.thief.der,), head, kind, body)
    return by_thiefs_code(world, head, kind, body)


def used_transaction(world: World, chance: Random) -> bytes:
    """Return another body under a transactionID that is somebody's already."""
    past = chance.choice([each for each in world.seen if each.delivered])
    kind = chance.choice((Kind.IR, Kind.CR, Kind.KUR, Kind.RR, Kind.CERT_CONF))
    body = chance.choice(
        [
            key_request(key(FRESH)),
            revocation(world, serial_content(world.victim.serial)),
            read(past.message).body,
        ]
    )
    return _thief(world, chance, kind, body, transaction_id=past.transaction)


def false_confirmation(world: World, chance: Random) -> bytes:
    """Return a certConf for another certificate, with another nonce, or of a transaction that is not one's own."""
    issued, own = world.unconfirmed, world.used_code
    right = hashlib.sha256(issued.certificate).digest()
    wrong = chance.choice([b"", right[:-1], right + b"\x00", bytes(32), hashlib.sha256(world.victim.der).digest(),
                           hashlib.sha1(issued.certificate).digest(), chance.randbytes(32)])  # fmt: skip
    sha1 = tagged(0, cmp_parts.algorithm("1.3.14.3.2.26"))
    mine = {"transaction_id": world.unconfirmed_transaction, "recip_nonce": issued.nonce}
    accepted = chance.random() < 0.5

    def owner(body: bytes, **changes: object) -> bytes:
        head = header(world, chance, **mine | changes)
        return by_secret(own.reference.encode(), own.code.encode(), head, Kind.CERT_CONF, body)

    whole = cmp_parts.confirmation(right, accepted=accepted)
    victims = cmp_parts.confirmation(hashlib.sha256(world.victim.der).digest(), accepted=False)
    return chance.choice(
        [
            lambda: owner(cmp_parts.confirmation(wrong, accepted=accepted)),
            lambda: owner(whole, recip_nonce=chance.choice([None, b"", bytes(16), chance.randbytes(16)])),
            lambda: owner(whole, transaction_id=chance.randbytes(16)),
            lambda: owner(cmp_parts.confirmation(hashlib.sha1(issued.certificate).digest(), after=sha1)),
            lambda: owner(tlv(wire.SEQUENCE, 2 * sequence(whole)[0].encoded)),
            lambda: owner(chance.choice([b"", wire.NULL, tlv(wire.SEQUENCE), tlv(wire.SEQUENCE, tlv(wire.SEQUENCE))])),
            lambda: owner(cmp_parts.confirmation(right, after=tlv(wire.SEQUENCE))),
            lambda: _thief(world, chance, Kind.CERT_CONF, whole, **mine),
            lambda: _thief(world, chance, Kind.CERT_CONF, victims, transaction_id=world.seen[0].transaction),
        ]
    )()


def swapped_key(world: World, chance: Random) -> bytes:
    """Return an honest request, not yet delivered, with the thief's key in place of the customer's."""
    waiting = read(next(each.message for each in world.seen if not each.delivered))
    body = key_request(key(FRESH))
    if chance.random() < 0.5:
        return replace(waiting, body=body).encoded()
    mac = cmp_parts.mac_of(rounds=chance.choice([100, 1000]))
    reference = world.waiting.reference.encode()
    return by_secret(reference, world.thief_code.code.encode(), waiting.header, waiting.kind, body, mac)


def no_possession(world: World, chance: Random) -> bytes:
    """Return a request of a known party for a key that it does not have, or does not prove to have."""
    mine, stolen = key(FRESH), key(chance.choice([0, 2, 5]))
    raised = [
        b"",
        tlv(0x80),
        tlv(0xA2, tlv(0x80, bytes(16))),
        tlv(0xA1),
        tlv(0xA1, wire.NULL),
        tlv(0xA1, mine.algorithm),
    ]
    body = chance.choice(
        [
            lambda: key_request(stolen, mine.sign),
            lambda: key_request(mine, stolen.sign),
            lambda: key_request(mine, lambda asked: mine.sign(asked + b"\x00")),
            lambda: key_request(mine, lambda _: mine.sign(b"")),
            lambda: key_request(mine, lambda _: chance.randbytes(256)),
            lambda: key_request(mine, lambda _: b""),
            lambda: key_request(mine, algorithm=cmp_parts.algorithm("1.2.840.113549.1.1.5")),
            lambda: key_request(mine, algorithm=cmp_parts.algorithm("1.2.840.10045.4.3.2", b"")),
            lambda: key_request(mine, proof=chance.choice(raised)),
            lambda: key_request(stolen),  # he has it, and it is another's already
            lambda: key_request(Key("authority", world.spki, mine.sign, mine.algorithm)),
        ]
    )()
    return _thief(world, chance, chance.choice((Kind.IR, Kind.CR, Kind.KUR)), body)


def bad_key(world: World, chance: Random) -> bytes:
    """Return a request of a known party for a key that nobody should certify, rightly proved."""
    return _thief(world, chance, chance.choice((Kind.IR, Kind.KUR)), key_request(chance.choice(weak_keys(WEAK_SEED))))


def bad_pkcs10(world: World, chance: Random) -> bytes:
    """Return a hostile PKCS#10 request (G7's own) under the thief's code."""
    return by_thiefs_code(world, header(world, chance), Kind.P10CR, chance.choice(REQUESTS)(chance))


def second_certificate(world: World, chance: Random) -> bytes:
    """Ask again with a code that was used, or for what a code or certificate does not allow."""
    used, head, body = world.used_code, header(world, chance), key_request(key(FRESH))
    kind = chance.choice((Kind.IR, Kind.CR, Kind.KUR))
    return chance.choice(
        [
            lambda: by_secret(used.reference.encode(), used.code.encode(), head, kind, body),
            lambda: by_thiefs_code(world, head, Kind.KUR, body),
            lambda: by_key(key(4), (world.thief.der,), head, chance.choice((Kind.IR, Kind.CR, Kind.P10CR)), body),
            lambda: by_key(key(4), (world.thief.der,), head, Kind.KUR,
                           key_request(key(FRESH), controls=cmp_parts.old_cert_id(world, world.victim.serial))),
        ]
    )()  # fmt: skip


def impostor(world: World, chance: Random) -> bytes:
    """Return a request signed by a certificate that is foreign, forged, another's, or the authority's own."""
    signer, chain, changes = chance.choice(impostors(world))
    kind = chance.choice((Kind.KUR, Kind.RR, Kind.IR, Kind.GENM, Kind.CERT_CONF))
    serial = serial_content(world.victim.serial)
    body = revocation(world, serial) if kind is Kind.RR else key_request(key(FRESH))
    return by_key(signer, chain, header(world, chance), kind, body, **changes)


def dead_signer(world: World, chance: Random) -> bytes:
    """Return a request signed rightly, by a certificate that is revoked, held or expired."""
    holder = chance.choice([world.revoked, world.held, world.expired])
    kind = chance.choice((Kind.KUR, Kind.KUR, Kind.IR, Kind.RR))
    whose = world.victim if holder is world.held else chance.choice([world.victim, holder])
    body = revocation(world, serial_content(whose.serial)) if kind is Kind.RR else key_request(key(FRESH))
    return by_key(holder.key, (holder.der,), header(world, chance), kind, body)


def others_certificate(world: World, chance: Random) -> bytes:
    """Ask to revoke what is another's, nobody's, or one's own for a reason that is none."""
    other = chance.choice([world.victim, world.mover, world.revoked, world.held, world.expired])
    own = world.thief.serial
    number = chance.choice([b"", b"\x00", b"\xff", bytes(20), b"\x00\x80", chance.randbytes(20), b"\x7f" * 4000,
                            b"\x00" + serial_content(own), serial_content(-own), serial_content(1)])  # fmt: skip
    reason = chance.choice([b"", b"\x06", b"\x07", b"\x08", b"\x0b", b"\xff"])
    body = chance.choice(
        [
            revocation(world, serial_content(other.serial), chance.choice([None, b"\x00", b"\x01", b"\x04"])),
            revocation(world, number),
            revocation(world, serial_content(own), reason),
            tlv(wire.SEQUENCE, tlv(wire.SEQUENCE, tlv(wire.SEQUENCE, tagged(3, world.name)))),
        ]
    )
    return _thief(world, chance, Kind.RR, body)


def empty_body(world: World, chance: Random) -> bytes:
    """Return every kind of body with nothing, or nothing sensible, in it."""
    kind = chance.choice([*ASKING, *ANSWERS])
    inner = tlv(wire.SEQUENCE)
    bodies = [b"", wire.NULL, chance.randbytes(30), corpus.noise(chance)[:9000], inner]
    bodies += [tlv(wire.SEQUENCE, each) for each in (inner, tlv(wire.SEQUENCE, inner), tlv(wire.SEQUENCE, inner * 2))]
    body = chance.choice(bodies if kind is not Kind.GENM else [b"", wire.NULL, tlv(wire.SEQUENCE, inner)])
    return _thief(world, chance, kind, body)


def wrong_header(world: World, chance: Random) -> bytes:
    """Return versions, transactionIDs and nonces of no use, all else being right."""
    other = chance.choice([None, b"", bytes(15), bytes(65), chance.randbytes(3000)])
    changes = chance.choice(
        [
            {"transaction_id": other},
            {"sender_nonce": other},
            {"pvno": chance.choice([0, 1, 4, -1, 2**64, 2**4000])},
        ]
    )
    return _thief(world, chance, Kind.IR, key_request(key(FRESH)), **changes)


def reflected(world: World, chance: Random) -> bytes:
    """Send back what the authority itself said."""
    past = chance.choice([each for each in world.seen if each.delivered])
    answer = read(past.answer)
    changes = {"transaction_id": past.transaction}
    return chance.choice([past.answer, _thief(world, chance, answer.kind, answer.body, **changes)])


def false_office(world: World, chance: Random) -> bytes:
    """Speak as a registration office without its secret; or with it, beyond what an office may."""
    head, mine = header(world, chance), key(FRESH)
    given = world.thief_code
    vouched = _identity(identify_data(small_ca.NAME, small_ca.IDN, chance.randbytes(20)))
    replaces = cmp_parts.old_cert_id(world, world.victim.serial)
    whole = key_request(mine, controls=replaces, fields=vouched)
    guess = chance.choice([b"", OFFICE_SECRET[:-1], OFFICE_SECRET + b"\n", given.code.encode(), chance.randbytes(40)])
    wrong = chance.choice(
        [
            key_request(mine),
            key_request(mine, controls=replaces),
            key_request(mine, fields=vouched),
            key_request(mine, controls=replaces, fields=_identity(identify_data("another", small_ca.IDN, bytes(20)))),
            key_request(mine, controls=replaces, fields=_identity(chance.randbytes(40))),
            key_request(mine, key(0).sign, controls=replaces, fields=vouched),
            key_request(
                mine,
                controls=cmp_parts.old_cert_id(world, chance.choice([0, 1, -1, world.revoked.serial])),
                fields=vouched,
            ),
        ]
    )
    return chance.choice(
        [
            lambda: by_secret(OFFICE, guess, head, chance.choice((Kind.CR, Kind.RR, Kind.IR)), whole),
            lambda: by_secret(OFFICE + b" ", OFFICE_SECRET, head, Kind.CR, whole),
            lambda: by_secret(OFFICE, OFFICE_SECRET, head, Kind.CR, wrong),
            lambda: by_secret(OFFICE, OFFICE_SECRET, head, chance.choice((Kind.KUR, Kind.P10CR)), whole),
            lambda: by_key(key(4), (world.thief.der,), head, Kind.CR, whole),
        ]
    )()


def _identity(identity: bytes) -> bytes:
    """Return the template's field with the subjectAltName that holds this."""
    name = tlv(wire.SEQUENCE, tlv(0xA0, wire.oid("1.2.410.200004.10.1.1"), tlv(0xA0, identity)))
    extension = tlv(wire.SEQUENCE, wire.oid("2.5.29.17"), tlv(wire.OCTET_STRING, name))
    return tlv(0xA9, extension)


def bad_vid(world: World, chance: Random) -> bytes:
    """Return an R that is sealed for another, cut off, or of a length that nobody makes."""
    head, given = header(world, chance), world.thief_code
    transaction, code = head.transaction_id or b"", given.code.encode()
    r = bytes(chance.choice([1, 19, 65, 4000]))
    sealed = chance.choice(
        [
            encrypted_vid.seal(r, code, transaction, encrypted_vid.Direction.REQUEST),
            encrypted_vid.seal(bytes(20), code, transaction, encrypted_vid.Direction.RESPONSE),
            encrypted_vid.seal(bytes(20), code, bytes(16), encrypted_vid.Direction.REQUEST),
            encrypted_vid.seal(bytes(20), b"another", transaction, encrypted_vid.Direction.REQUEST),
            b"", bytes(11), bytes(12), bytes(40), chance.randbytes(5000),
        ]
    )  # fmt: skip
    attribute = tlv(wire.SEQUENCE, asn1.encode_der(OID_ENCRYPTED_VID), tlv(wire.OCTET_STRING, sealed))
    body = key_request(key(FRESH), after=tlv(wire.SEQUENCE, attribute))
    return by_thiefs_code(world, head, Kind.IR, body)


KINDS = {
    kind.__name__: kind
    for kind in (
        used_transaction,
        false_confirmation,
        swapped_key,
        no_possession,
        bad_key,
        bad_pkcs10,
        second_certificate,
        impostor,
        dead_signer,
        others_certificate,
        empty_body,
        wrong_header,
        reflected,
        false_office,
        bad_vid,
    )
}
