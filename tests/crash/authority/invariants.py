"""What must hold for a ledger at any moment, also right after its process died, and for everything that was signed."""

import hashlib
import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509

from ca.asn1 import der
from ca.asn1.der import spki_of
from ca.ledger.ledger import LEDGER_FILE

LIVE = ("good", "hold")
ANY_SIGNATURE = bytes(256)
CERTIFICATES = """
SELECT certificate.serial, status, certificate.replaces, holder, profile, request_id, intent.issuer
FROM certificate JOIN intent USING (serial) ORDER BY certificate.rowid"""


@dataclass(frozen=True)
class Row:
    serial: str
    status: str
    replaces: str | None
    holder: str
    profile: str
    request_id: str
    issuer: str


@dataclass(frozen=True)
class Look:
    """The ledger's file, read with SQLite alone."""

    rows: tuple[Row, ...]
    recorded: frozenset[str]
    """Hashes of to-be-signed bytes that the audit knows, and of those that the root signed into files."""
    unfinished: int
    sound: str
    state: str
    """The same for the same state: how far the ledger's transactions came."""

    def statuses(self, holder: str) -> tuple[str, ...]:
        return tuple(row.status for row in self.rows if row.holder == holder)

    def last(self) -> dict[str, tuple[str, str]]:
        """Return serial number and status of the last certificate of each holder."""
        return {row.holder: (row.serial, row.status) for row in self.rows}


def look(folder: Path) -> Look:
    with closing(sqlite3.connect(folder / LEDGER_FILE, isolation_level=None)) as ledger:
        ledger.execute("BEGIN")
        rows = tuple(Row(*each) for each in ledger.execute(CERTIFICATES))
        audit = ledger.execute("SELECT seq, detail FROM audit").fetchall()
        intents = ledger.execute("SELECT count(*) FROM intent").fetchone()[0]
        beside = {_digest(each) for each in folder.iterdir() if each.suffix in {".der", ".tbs"}}
        sound = ledger.execute("PRAGMA integrity_check").fetchone()[0]
        number = ledger.execute("SELECT number FROM journal").fetchone()[0]
    hashes = frozenset(beside | {json.loads(detail).get("tbs", "") for _, detail in audit})
    return Look(rows, hashes, intents - len(rows), sound, f"{number}/{len(audit)}/{intents}/{len(rows)}")


def problems(seen: Look, signed: "Signed") -> Iterator[str]:
    """Yield what is wrong. This must hold at any moment, also between a death and the restart."""
    if seen.sound != "ok":
        yield f"SQLite finds {seen.sound}"
    living: dict[tuple[str, str], list[str]] = defaultdict(list)
    for row in seen.rows:
        if row.status in LIVE:
            living[row.holder, row.profile].append(row.serial)
    yield from (f"{who} has {len(live)} live certificates" for who, live in living.items() if len(live) > 1)
    requests = Counter(row.request_id for row in seen.rows)
    yield from (f"{count} certificates of request {name}" for name, count in requests.items() if count > 1)
    replaced = {row.replaces for row in seen.rows if row.replaces}
    for row in seen.rows:
        if row.serial in replaced and row.status != "revoked":
            yield f"{row.serial} was replaced, and is {row.status}"
    for digest in signed.digests - seen.recorded:
        yield f"a signature without its record: {signed.what(digest)}"
    yield from signed.doubled()


class Signed:
    """The bytes that the authority's signers were given, logged to a file outside the ledger."""

    def __init__(self, log: Path, issuers: frozenset[str]) -> None:
        self._messages: dict[str, tuple[str, bytes]] = {}
        """The key and what it was given, by the hash of that."""
        for line in log.read_text().splitlines() if log.exists() else []:
            key, digest, message = (*line.split(), "", "", "")[:3]
            # A line that a kill cut off belongs to a signature that was never made.
            if key in issuers and len(message) % 2 == 0:
                content = bytes.fromhex(message)
                if hashlib.sha256(content).hexdigest() == digest:
                    self._messages[digest] = key, content

    @property
    def digests(self) -> frozenset[str]:
        return frozenset(self._messages)

    def what(self, digest: str) -> str:
        return " ".join(_name(self._messages[digest][1]))

    def doubled(self) -> Iterator[str]:
        """Yield each serial number and CRL number that stands in two different signed objects."""
        names = Counter((key, *_name(message)) for key, message in self._messages.values())
        yield from (f"{count} times {' '.join(name[1:])}" for name, count in names.items() if count > 1)

    def of(self, kind: str) -> int:
        """Return how many different objects of one kind were signed: certificates of holders, delegates or
        authorities.
        """
        return sum(_name(message)[0] == kind for _, message in self._messages.values())


def keys_of(folder: Path) -> frozenset[str]:
    """Return the authority's keys by the id that the log uses; their certificates lie beside the ledger."""
    read = (x509.load_der_x509_certificate(each.read_bytes()) for each in folder.glob("*.der"))
    return frozenset(hashlib.sha256(spki_of(each)).hexdigest() for each in read)


def _digest(path: Path) -> str:
    content = path.read_bytes()
    if path.suffix == ".der":
        content = x509.load_der_x509_certificate(content).tbs_certificate_bytes
    return hashlib.sha256(content).hexdigest()


def _name(message: bytes) -> tuple[str, str]:
    whole = der.signed(message, ANY_SIGNATURE)
    try:
        read = x509.load_der_x509_certificate(whole)
    except ValueError:
        listed = x509.load_der_x509_crl(whole).extensions
        number = listed.get_extension_for_class(x509.CRLNumber).value.crl_number
        parts = [each for each in listed if isinstance(each.value, x509.IssuingDistributionPoint)]
        return "list", f"{number} {parts}"
    marks: dict[type, str] = {x509.ExtendedKeyUsage: "delegate", x509.BasicConstraints: "authority"}
    kinds = [marks[type(each.value)] for each in read.extensions if type(each.value) in marks]
    return (kinds or ["certificate"])[0], f"{read.serial_number:x}"
