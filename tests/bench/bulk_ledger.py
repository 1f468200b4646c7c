"""A ledger with very many certificates, written in bulk: of real size, but signed by nobody."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from ca import Authority
from ca.ledger.ledger import seconds

#: Encrypted size, as in the ledger of an authority with a key of 3072 bits.
TBS_BYTES, CERTIFICATE_BYTES = 1140, 1540
AT_ONCE = 50_000
INTENT = """
INSERT INTO intent (serial, request_id, holder, profile, issuer, part, fingerprint, spki_hash, not_before, not_after,
                    tbs)
VALUES (?, ?, ?, 'personal', ?, ?, ?, ?, ?, ?, ?)
"""
CERTIFICATE = "INSERT INTO certificate (serial, der, status, status_at, reason) VALUES (?, ?, ?, ?, ?)"
REASON = "superseded"


def serial_of(number: int) -> int:
    """Return a serial number like those of `ca.values.serials`, always the same for the same number."""
    value = bytearray(hashlib.sha256(number.to_bytes(8, "big")).digest()[:16])
    value[0] = value[0] & 0x3F | 0x40
    return int.from_bytes(value, "big")


def is_revoked(number: int, revoked: int) -> bool:
    return number < revoked


def fill(authority: Authority, certificates: int, revoked: int, parts: int) -> None:
    """Add this many certificates; the first ones are revoked. The audit does not contain them."""
    issuer = authority._keys.present.key_id
    connection = authority._ledger._commits.connection
    for begin in range(0, certificates, AT_ONCE):
        numbers = range(begin, min(begin + AT_ONCE, certificates))
        connection.execute("BEGIN")
        connection.executemany(INTENT, _intents(numbers, issuer, parts))
        connection.executemany(CERTIFICATE, _certificates(numbers, revoked))
        connection.execute("COMMIT")
    # This line makes all earlier CRLs outdated.
    with authority._ledger.transaction() as tx:
        tx.audit("revoked", f"{serial_of(0):x}", "bench", reason=REASON)


def _intents(numbers: range, issuer: str, parts: int) -> Iterator[tuple[object, ...]]:
    begin = datetime.now(UTC) - timedelta(days=100)
    life = seconds(begin), seconds(begin + timedelta(days=365))
    for number in numbers:
        serial, digest, blob = serial_of(number), bytes(32), number.to_bytes(TBS_BYTES, "big")
        key = hashlib.sha256(blob).digest()
        yield f"{serial:x}", f"q-{number}", f"C-{number}", issuer, serial % parts, digest, key, *life, blob


def _certificates(numbers: range, revoked: int) -> Iterator[tuple[object, ...]]:
    now = seconds(datetime.now(UTC))
    for number in numbers:
        gone = is_revoked(number, revoked)
        # Spread over the certificates' life until now.
        state = ("revoked", now - number % 8_000_000, REASON) if gone else ("good", None, None)
        yield f"{serial_of(number):x}", number.to_bytes(CERTIFICATE_BYTES, "big"), *state
