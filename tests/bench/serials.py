"""Ten million serial numbers, none twice, and what the ledger does with a repeated one.

`python -m tests.bench.serials --count 10000000`.
"""

import argparse
import os
import resource
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from cryptography.hazmat import asn1

from ca import Authority, open_vault
from ca.asn1 import pbes
from ca.ledger.ledger import LEDGER_FILE
from ca.ledger.records import hex_of
from ca.values.environment import Environment
from ca.values.serials import SERIAL_BYTES, new_serial
from tests.support.authority import PASSPHRASE, SETTINGS, order

AT_ONCE = 250_000
PROCESSES = 2
"""They are forked after the first number was drawn: nothing of one generator may come twice."""
MOST_OCTETS = 20
"""RFC 5280 section 4.1.2.2."""
LEAST_RANDOM_BITS = 64
#: Grouped by the first byte, of which six bits vary: one set at a time holds a sixty-fourth of all.
BUCKETS = 64
SIGMAS = 6


def drawn(count: int) -> bytes:
    """Return this many, made in several processes."""
    return b"".join(new_serial(os.urandom).to_bytes(SERIAL_BYTES, "big") for _ in range(count))


def pieces(content: bytes) -> Iterator[bytes]:
    return (content[at : at + SERIAL_BYTES] for at in range(0, len(content), SERIAL_BYTES))


class Count:
    def __init__(self) -> None:
        self.serials = 0
        self.all_set = (1 << 8 * SERIAL_BYTES) - 1
        self.any_set = 0
        self.ones = [0] * (8 * SERIAL_BYTES)
        self.sampled = 0
        self._buckets = [bytearray() for _ in range(BUCKETS)]

    def add(self, content: bytes) -> None:
        for piece in pieces(content):
            value = int.from_bytes(piece, "big")
            self.all_set &= value
            self.any_set |= value
            self._buckets[piece[0] % BUCKETS] += piece
        self.serials += len(content) // SERIAL_BYTES
        for piece in pieces(content[: len(content) // 25]):
            value, self.sampled = int.from_bytes(piece, "big"), self.sampled + 1
            for bit in range(len(self.ones)):
                self.ones[bit] += value >> bit & 1

    def twice(self) -> int:
        """Return how many were there before."""
        return sum(len(each) // SERIAL_BYTES - len(set(pieces(bytes(each)))) for each in self._buckets)

    @property
    def changing(self) -> list[int]:
        """Return the bits that are not the same in all."""
        varied = self.all_set ^ self.any_set
        return [bit for bit in range(8 * SERIAL_BYTES) if varied >> bit & 1]

    def unfair(self) -> int:
        """Return how many of the varying bits are set more or less often than chance allows."""
        half, limit = self.sampled / 2, SIGMAS * self.sampled**0.5 / 2
        return sum(abs(self.ones[bit] - half) > limit for bit in self.changing)


def many(count: int) -> bool:
    new_serial(os.urandom)
    tally, began = Count(), time.perf_counter()
    shares = [min(AT_ONCE, count - done) for done in range(0, count, AT_ONCE)]
    with ProcessPoolExecutor(PROCESSES) as pool:
        for content in pool.map(drawn, shares):
            tally.add(content)
    twice = tally.twice()
    # The lowest and the highest possible: all of one length, and never negative.
    octets = {len(asn1.encode_der(each)) - 2 for each in (tally.all_set, tally.any_set)}
    positive = tally.all_set > 0 and max(octets) == SERIAL_BYTES
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(
        f"{tally.serials} serials, {twice} twice; {max(octets)} octets (at most {MOST_OCTETS}), positive {positive}, "
        f"{len(tally.changing)} random bits (at least {LEAST_RANDOM_BITS}), of {tally.sampled} sampled "
        f"{tally.unfair()} bits are unfair; {time.perf_counter() - began:.0f} s, {peak:.0f} MB"
    )
    fits = positive and max(octets) <= MOST_OCTETS and len(tally.changing) >= LEAST_RANDOM_BITS
    return fits and not twice and not tally.unfair()


class Stuck:
    """A random source that repeats the same bytes, as one after a bad start does."""

    def __init__(self, times: int) -> None:
        self.left = times

    def __call__(self, count: int) -> bytes:
        if count == SERIAL_BYTES and self.left:
            self.left -= 1
            return bytes(range(count))
        return os.urandom(count)


def refused(folder: Path) -> bool:
    """Print whether an authority with a stuck source draws again, and whether its ledger refuses a repeated number."""
    stuck = Stuck(0)
    vault = open_vault(folder / "vault.json")[0]
    authority = Authority.open(
        folder / "ca", PASSPHRASE, vault, settings=SETTINGS, environment=Environment(entropy=stuck)
    )
    stuck.left = 10
    serials = [authority.issue(order(f"r{number}")).serial for number in range(3)]
    authority.close()
    ledger = sqlite3.connect(folder / "ca" / LEDGER_FILE)
    names = [row[1] for row in ledger.execute("PRAGMA table_info(intent)")]
    copied = ", ".join(f"'{hex_of(serials[0])}'" if each == "serial" else each for each in names)
    copied = copied.replace("request_id", "request_id || '-again'")
    copies = {
        "intent": f"INSERT INTO intent SELECT {copied} FROM intent WHERE serial = '{hex_of(serials[1])}'",
        "certificate": "INSERT INTO certificate SELECT * FROM certificate LIMIT 1",
    }
    refusals = []
    for statement in copies.values():
        try:
            ledger.execute(statement)
        except sqlite3.IntegrityError as error:
            refusals.append(str(error))
    ledger.close()
    again = len(set(serials)) == len(serials) and stuck.left == 0
    print(f"a stuck source: {len(set(serials))} serials for {len(serials)} certificates; the ledger: {refusals}")
    return again and len(refusals) == len(copies) and all(each.endswith(".serial") for each in refusals)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000_000)
    wanted = parser.parse_args()
    pbes.SCRYPT_COST, pbes.SCRYPT_LANES = 2, 1
    well = many(wanted.count)
    with tempfile.TemporaryDirectory(prefix="serials-") as name:
        well &= refused(Path(name))
    return 0 if well else 1


if __name__ == "__main__":
    raise SystemExit(main())
