"""Ten thousand reissues, each checked from outside: same expiry, never zero or two valid ones, status visible at once.

`python -m tests.bench.lineage --count 10000`. After each, the addresses in the old certificate are asked over HTTP.
"""

import argparse
import http.client
import itertools
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp
from cryptography.x509.oid import AuthorityInformationAccessOID, ExtensionOID

from ca import Authority, EnrolmentOrder, KeyRequest, Order, Reason, Record, Status, open_vault
from ca.asn1 import pbes
from ca.asn1.der import spki_bytes
from ca.ledger.ledger import LEDGER_FILE
from tests.support.authority import IDN, NAME, PASSPHRASE, SETTINGS
from tests.support.authority_server import free_port, serving

HOLDERS = 20
BITS = 2048
EXPONENT = 65537
OCSP_WITHIN, CRL_WITHIN = 1.0, 5.0
"""Seconds from the redemption's return to the answer's last byte."""
LEAST_LOOKS = 5
"""A reissue is three transactions that write, and some that read."""
LIVE = """
SELECT count(*) FROM certificate JOIN intent USING (serial) WHERE holder = ? AND status IN ('good', 'hold')"""


def spkis(count: int) -> Iterator[bytes]:
    """Yield different RSA keys: each pair of a few primes makes one, and nobody needs the private halves here."""
    primes: list[int] = []
    while len(primes) * (len(primes) - 1) // 2 < count:
        private = rsa.generate_private_key(EXPONENT, BITS).private_numbers()
        primes += [private.p, private.q]
    for one, other in itertools.islice(itertools.combinations(primes, 2), count):
        yield spki_bytes(rsa.RSAPublicNumbers(EXPONENT, one * other).public_key())


class Watch:
    """Another reader of the file: it reads before every transaction, so that it sees what each commit left."""

    def __init__(self, authority: Authority, path: Path) -> None:
        self._reader = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.holder = ""
        self.seen: list[int] = []
        self.looks = 0
        ledger = authority._ledger
        for each in (ledger._connection, ledger._commits.connection):
            each.set_trace_callback(self._traced)

    def look(self) -> None:
        self.looks += 1
        self.seen.append(self._reader.execute(LIVE, (self.holder,)).fetchone()[0])

    def _traced(self, statement: str) -> None:
        if self.holder and statement.startswith("BEGIN"):
            self.look()


class Relying:
    """A relying party: is shown a certificate, and asks at the addresses in it."""

    def __init__(self, issuing: bytes, port: int) -> None:
        self._issuer = x509.load_der_x509_certificate(issuing)
        self._line = http.client.HTTPConnection("127.0.0.1", port)

    def ocsp(self, certificate: x509.Certificate) -> ocsp.OCSPResponse:
        access = certificate.extensions.get_extension_for_oid(ExtensionOID.AUTHORITY_INFORMATION_ACCESS).value
        assert isinstance(access, x509.AuthorityInformationAccess)
        at = [each for each in access if each.access_method == AuthorityInformationAccessOID.OCSP]
        asked = ocsp.OCSPRequestBuilder().add_certificate(certificate, self._issuer, hashes.SHA1()).build()
        told = ocsp.load_der_ocsp_response(
            self._get("POST", at[0].access_location.value, asked.public_bytes(Encoding.DER))
        )
        key = told.certificates[0].public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        key.verify(told.signature, told.tbs_response_bytes, padding.PKCS1v15(), hashes.SHA256())
        return told

    def revoked(self, certificate: x509.Certificate) -> x509.RevokedCertificate | None:
        """Return its entry on the CRL that it names."""
        points = certificate.extensions.get_extension_for_class(x509.CRLDistributionPoints).value
        name = (points[0].full_name or [])[0].value
        listed = x509.load_der_x509_crl(self._get("GET", name))
        key = self._issuer.public_key()
        assert isinstance(key, rsa.RSAPublicKey)
        assert listed.is_signature_valid(key)
        return listed.get_revoked_certificate_by_serial_number(certificate.serial_number)

    def _get(self, method: str, url: str, body: bytes | None = None) -> bytes:
        self._line.request(method, urlsplit(url).path, body)
        answer = self._line.getresponse()
        content = answer.read()
        assert answer.status == http.client.OK, (url, answer.status)
        return content


@dataclass
class Tally:
    reissues: int = 0
    wrong: list[str] = field(default_factory=list)
    ocsp: list[float] = field(default_factory=list)
    crl: list[float] = field(default_factory=list)
    redeemed: list[float] = field(default_factory=list)


class Town:
    def __init__(self, authority: Authority, watch: Watch, relying: Relying) -> None:
        self._authority = authority
        self._watch = watch
        self._relying = relying
        self.tally = Tally()
        self.last: dict[str, x509.Certificate] = {}

    def begin(self, holder: str, spki: bytes) -> None:
        order = Order(f"first-{holder}", holder, NAME, IDN, os.urandom(20), spki)
        self.last[holder] = x509.load_der_x509_certificate(self._authority.issue(order).der)

    def reissue(self, number: int, holder: str, spki: bytes) -> None:
        tally, old = self.tally, self.last[holder]
        check = self._checker(f"reissue {number}")
        check(
            "was not good by OCSP before",
            self._relying.ocsp(old).certificate_status is ocsp.OCSPCertStatus.GOOD,
        )
        self._watch.holder, self._watch.seen = holder, []
        began = time.monotonic()
        given = self._authority.enrol(EnrolmentOrder(f"r{number}", holder, NAME, IDN, old.serial_number))
        made = self._authority.redeem(given.reference, given.code, KeyRequest(spki, os.urandom(20)))
        returned = time.monotonic()
        tally.redeemed.append(returned - began)
        told = self._relying.ocsp(old)
        tally.ocsp.append(time.monotonic() - returned)
        entry = self._relying.revoked(old)
        tally.crl.append(time.monotonic() - returned)
        self._watch.look()
        self._watch.holder = ""
        new = x509.load_der_x509_certificate(made.der)
        record = self._authority.record(old.serial_number)
        check("has another expiry", new.not_valid_after_utc == old.not_valid_after_utc)
        check("has another key", spki_bytes(new.public_key()) == spki)
        check("did not supersede the old one", _superseded(record))
        check("is not told by OCSP", told.certificate_status is ocsp.OCSPCertStatus.REVOKED)
        check("has another reason in OCSP", told.revocation_reason is x509.ReasonFlags.superseded)
        check("is not on the list", entry is not None and _reason(entry) is x509.ReasonFlags.superseded)
        check("is told by OCSP too late", tally.ocsp[-1] < OCSP_WITHIN)
        check("is listed too late", tally.crl[-1] < CRL_WITHIN)
        seen = self._watch.seen
        check(f"left {seen} alive, or was not watched", set(seen) == {1} and len(seen) > LEAST_LOOKS)
        check("is not good", self._relying.ocsp(new).certificate_status is ocsp.OCSPCertStatus.GOOD)
        self.last[holder] = new
        tally.reissues += 1

    def _checker(self, name: str) -> Callable[[str, bool], None]:
        def check(what: str, well: bool) -> None:
            if not well:
                self.tally.wrong.append(f"{name} {what}")

        return check


def _superseded(record: Record | None) -> bool:
    return record is not None and (record.status, record.reason) == (Status.REVOKED, Reason.SUPERSEDED)


def _reason(entry: x509.RevokedCertificate) -> x509.ReasonFlags:
    return entry.extensions.get_extension_for_class(x509.CRLReason).value.reason


def _figures(what: str, seconds: list[float]) -> str:
    inorder = sorted(seconds)
    shares = {"median": 0.5, "99 %": 0.99, "max": 1.0}
    told = (
        f"{name} {inorder[min(int(len(inorder) * share), len(inorder) - 1)] * 1e3:.1f} ms"
        for name, share in shares.items()
    )
    return f"{what} {', '.join(told)}"


def play(folder: Path, count: int) -> bool:
    port = free_port()
    settings = replace(SETTINGS, base_url=f"http://127.0.0.1:{port}", busy_timeout=timedelta(seconds=30))
    vault = open_vault(folder / "vault.json")[0]
    with (
        closing(Authority.open(folder / "ca", PASSPHRASE, vault, settings=settings)) as authority,
        serving(authority, port),
    ):
        watch = Watch(authority, folder / "ca" / LEDGER_FILE)
        local_telegram = Town(authority, watch, Relying(authority.chain.issuing, port))
        keys, began = spkis(count + HOLDERS), datetime.now(UTC)
        for number in range(HOLDERS):
            local_telegram.begin(f"C-{number}", next(keys))
        for number in range(count):
            local_telegram.reissue(number, f"C-{number % HOLDERS}", next(keys))
        tally = local_telegram.tally
        for holder, last in local_telegram.last.items():
            line = authority.lineage(last.serial_number)
            ends = {record.not_after for record in line}
            live = [record for record in line if record.status is Status.GOOD]
            if len(line) != len(range(int(holder[2:]), count, HOLDERS)) + 1 or len(ends) != 1 or len(live) != 1:
                tally.wrong.append(f"the lineage of {holder}: {len(line)}, {len(ends)} ends, {len(live)} live")
        tally.wrong += authority.verify_audit().problems
    took = (datetime.now(UTC) - began).total_seconds()
    print(
        f"{tally.reissues} reissues of {HOLDERS} holders in {took:.0f} s, wrong {len(tally.wrong)}; looks {watch.looks}"
    )
    print(
        *(
            _figures(*each)
            for each in (
                ("enrolled and redeemed:", tally.redeemed),
                ("revoked by OCSP after:", tally.ocsp),
                ("by the list after:", tally.crl),
            )
        ),
        sep="\n",
    )
    print(*tally.wrong[:10], sep="\n")
    return not tally.wrong and tally.reissues == count


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=10_000)
    wanted = parser.parse_args()
    pbes.SCRYPT_COST, pbes.SCRYPT_LANES = 2, 1
    with tempfile.TemporaryDirectory(prefix="lineage-") as name:
        return 0 if play(Path(name), wanted.count) else 1


if __name__ == "__main__":
    raise SystemExit(main())
