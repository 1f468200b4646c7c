"""An authority with honest customers, and what a thief has: what he saw on the way, and credentials of his own.

The lock after wrong codes is switched off here: it would hide a hole behind it.
"""

import hashlib
import os
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key

from ca import Authority, AuthoritySettings, Enrolment, Reason
from ca.asn1.der import spki_of
from ca.cmp.client import Client, Issued, NewKey, Secret, Signing, Trust
from ca.cmp.message import Kind, MessageBroken, read
from ca.keys.signer import SoftSigner
from tests.hostile import wire
from tests.hostile.keys import SHA256_RSA, Key
from tests.support import authority as small_ca
from tests.support.authority import SmallAuthority

OFFICE, OFFICE_SECRET = b"desk", b"a secret of an office, forty octets long"
#: Grows by itself, and only tells of refusals: what it tells is looked at apart.
TELLING = {"audit", "audit_node", "journal"}
COUNTED = {"enrolment": "tries"}
SHA1_RSA = wire.tlv(wire.SEQUENCE, wire.oid("1.2.840.113549.1.1.5"), wire.NULL)


@cache
def key(number: int, digest: type[hashes.HashAlgorithm] = hashes.SHA256) -> Key:
    """Return a sound key, always the same under one number in one process, and how it signs."""
    private = private_half(number)

    def sign(message: bytes) -> bytes:
        return private.sign(message, padding.PKCS1v15(), digest())

    algorithm = SHA256_RSA if digest is hashes.SHA256 else SHA1_RSA
    return Key(f"rsa-{number}", small_ca.key(number).spki, sign, algorithm)


@cache
def private_half(number: int) -> rsa.RSAPrivateKey:
    private = load_der_private_key(small_ca.key(number).pkcs8, None)
    assert isinstance(private, rsa.RSAPrivateKey)
    return private


@dataclass(frozen=True)
class Holder:
    """Somebody with a certificate, and its key."""

    der: bytes
    key: Key

    @property
    def serial(self) -> int:
        return x509.load_der_x509_certificate(self.der).serial_number


@dataclass(frozen=True)
class Seen:
    """A message of somebody honest, as the thief saw it."""

    message: bytes
    transaction: bytes
    answer: bytes = b""

    @property
    def delivered(self) -> bool:
        return bool(self.answer)


class World:
    def __init__(self, folder: Path) -> None:
        self._small_ca = SmallAuthority(folder, settings=_settings(folder))
        chain = self.authority.chain
        self.issuing, self.root = chain.issuing, chain.root
        self.name = x509.load_der_x509_certificate(chain.issuing).subject.public_bytes()
        self._trust = Trust((chain.issuing, chain.root))
        self.seen: list[Seen] = []
        self._settle()
        self.known = {read(each.message).protected_part for each in self.seen if each.delivered}
        self.ledger = folder / "ca" / "ledger.sqlite3"
        self._first = self._last_line()

    @property
    def authority(self) -> Authority:
        return self._small_ca.authority

    def _settle(self) -> None:
        """Let everybody get what they have when the thief comes."""
        self.victim = self._collect("victim", 0)
        mover = self._collect("mover", 1)
        signing = Signing(mover.der, SoftSigner(private_half(1)))
        self.mover = Holder(self._ask(self._client(signing), 2, Kind.KUR).certificate, key(2))
        self.waiting = self._enrol("waiting")
        self._ask(self._client(_secret(self.waiting)), 3, Kind.IR, delivered=False)
        self.thief = self._collect("thief", 4)
        self.thief_code = self._enrol("thief", replaces=self.thief.serial)
        self.used_code = self._enrol("used")
        self.unconfirmed = self._ask(self._client(_secret(self.used_code)), 5, Kind.IR)
        self.unconfirmed_transaction = self.seen[-1].transaction
        self.revoked, self.held = self._holder("revoked", 6), self._holder("held", 7)
        self.authority.revoke(self.revoked.serial, Reason.KEY_COMPROMISE, "revoked")
        self.authority.hold(self.held.serial, "held")
        dates = {"not_before": date(2025, 3, 1), "not_after": date(2026, 3, 1)}
        self.expired = self._holder("expired", 8, **dates)

    def _holder(self, name: str, number: int, **changes: object) -> Holder:
        order = small_ca.order(name, number, holder=name, **changes)
        return Holder(self.authority.issue(order).der, key(number))

    def _enrol(self, name: str, replaces: int | None = None) -> Enrolment:
        return self.authority.enrol(small_ca.enrolment(f"{name}-code-{replaces}", replaces, holder=name))

    def _collect(self, name: str, number: int) -> Holder:
        """Go the whole honest way, ending with certConf."""
        client = self._client(_secret(self._enrol(name)))
        issued = self._ask(client, number, Kind.IR)
        transaction = self.seen[-1].transaction
        self._deliver(client.confirm(transaction, issued), transaction)
        return Holder(issued.certificate, key(number))

    def _client(self, credentials: Secret | Signing) -> Client:
        return Client(credentials, self._trust, self.name, now=self._small_ca.clock)

    def _ask(self, client: Client, number: int, kind: Kind, *, delivered: bool = True) -> Issued:
        transaction, mine = os.urandom(16), key(number)
        message = client.request(transaction, kind, NewKey(mine.spki, mine.sign, mine.algorithm))
        if not delivered:
            self.seen.append(Seen(message, transaction))
            return Issued(b"", 0, None, b"", confirmed=False)
        issued = client.read(message, self._deliver(message, transaction))
        assert isinstance(issued, Issued)
        return issued

    def _deliver(self, message: bytes, transaction: bytes) -> bytes:
        answer = self.authority.cmp(message)
        self.seen.append(Seen(message, transaction, answer))
        return answer

    @property
    def spki(self) -> bytes:
        """The authority's own key."""
        return spki_of(x509.load_der_x509_certificate(self.issuing))

    @property
    def delegates(self) -> set[tuple[bytes, ...]]:
        """What stands in signed answers, and in none other."""
        answers = [read(each.answer) for each in self.seen if each.delivered]
        return {each.extra_certs for each in answers if each.extra_certs}

    def is_replay(self, data: bytes) -> bool:
        """Tell whether what is protected in these bytes was sent before by somebody honest: it may be asked again."""
        try:
            return read(data).protected_part in self.known
        except MessageBroken:
            return False

    def state(self) -> bytes:
        """Return a digest of all that the authority knows, but the audit and what counts wrong tries.

        A refused request of a known party leaves its transaction's id behind, which is no certificate's.
        """
        digest = hashlib.sha256()
        with closing(self._open()) as ledger:
            for (table,) in ledger.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name"):
                if table in TELLING:
                    continue
                opened = "WHERE serial IS NOT NULL" if table == "cmp_transaction" else ""
                columns = [row[1] for row in ledger.execute(f"PRAGMA table_info({table})")]
                kept = ", ".join(each for each in columns if each != COUNTED.get(table))
                for row in ledger.execute(f"SELECT {kept} FROM {table} {opened} ORDER BY 1"):
                    digest.update(repr((table, row)).encode())
        return digest.digest()

    def told(self) -> set[str]:
        """Return what kinds of lines the audit got since the thief came."""
        with closing(self._open()) as ledger:
            rows = ledger.execute("SELECT DISTINCT kind FROM audit WHERE seq > ?", (self._first,))
            return {kind for (kind,) in rows}

    def refusals(self) -> int:
        return self._last_line() - self._first

    def _last_line(self) -> int:
        with closing(self._open()) as ledger:
            (seq,) = ledger.execute("SELECT max(seq) FROM audit").fetchone()
            return int(seq)

    def _open(self) -> sqlite3.Connection:
        return sqlite3.connect(f"{self.ledger.resolve().as_uri()}?mode=ro", uri=True)

    def close(self) -> None:
        self.authority.close()


def _secret(given: Enrolment) -> Secret:
    return Secret(given.reference.encode(), given.code.encode())


def _settings(folder: Path) -> AuthoritySettings:
    offices = folder / "offices"
    offices.mkdir(parents=True)
    file = offices / f"{OFFICE.decode()}.secret"
    file.write_bytes(OFFICE_SECRET)
    file.chmod(0o600)
    return replace(small_ca.SETTINGS, max_tries=10**9, offices=offices)
