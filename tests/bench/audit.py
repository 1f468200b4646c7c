"""How fast the audit is verified, what its tree costs per certificate, and whether tampering is found.

`python -m tests.bench.audit --entries 1000000`, `--issues 500`, `--tamperings 10000`.
"""

import argparse
import hashlib
import sqlite3
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from ca import AuthoritySettings
from ca.asn1 import pbes
from ca.ledger import tree_rows
from tests.bench.tampering import rounds
from tests.support.authority import HOLDER, SmallAuthority, key, order

AT_ONCE = 20_000


def filled(small_ca: SmallAuthority, entries: int) -> None:
    """Write two lines, an intent and a certificate for each issue, as `Issuance` does, until there are enough."""
    ledger, fingerprint = small_ca.authority._ledger, bytes(32)
    with ledger.reading() as tx:
        issuer = tx.one("issuers_after", ordinal=0)["key_id"]
    number, lines = 0, small_ca.authority.audit_head().entries
    while lines < entries:
        with ledger.transaction() as tx:
            for _ in range(AT_ONCE):
                number += 1
                serial = hashlib.sha256(str(number).encode()).hexdigest()[:32].lstrip("0")
                name, tbs, der = f"request-{number}", serial.encode() * 44, serial.encode() * 53
                tx.one("next_of_day", day="2027-03-10")
                tx.run(
                    "insert_intent", serial=serial, request_id=name, holder=f"C-{number}", profile="personal",
                    issuer=issuer, part=number % 16, fingerprint=fingerprint, spki_hash=fingerprint, replaces=None,
                    not_before=1804638600, not_after=1836174599, tbs=tx.seal(tbs, "intent", "tbs", serial),
                )  # fmt: skip
                row = tx.attest("intent_row", serial=serial)
                tx.audit("intent", serial, name, row=row, tbs=hashlib.sha256(tbs).hexdigest())
                sealed = tx.seal(der, "certificate", "der", serial)
                tx.run("insert_certificate", serial=serial, der=sealed, replaces=None)
                tx.audit("signed", serial, name, der=hashlib.sha256(der).hexdigest())
                lines += 2
                if lines >= entries:
                    break


def verification(folder: Path, entries: int) -> None:
    small_ca = SmallAuthority(folder)
    began = time.perf_counter()
    filled(small_ca, entries)
    print(f"filled in {time.perf_counter() - began:.0f} s")
    for _ in range(3):
        began, cpu = time.perf_counter(), time.process_time()
        report = small_ca.authority.verify_audit()
        took, used = time.perf_counter() - began, time.process_time() - cpu
        print(f"{report.head.entries} entries verified in {took:.1f} s ({used:.1f} s of processors), ok {report.ok}")
    began = time.perf_counter()
    content = small_ca.authority.receipt(int(hashlib.sha256(b"1").hexdigest()[:32], 16))
    took = time.perf_counter() - began
    print(f"a receipt: {len(content)} bytes, {took * 1e3:.0f} ms with a new delegate's key")
    began = time.perf_counter()
    for number in range(2, 102):
        small_ca.authority.receipt(int(hashlib.sha256(str(number).encode()).hexdigest()[:32], 16))
    print(f"a further receipt: {(time.perf_counter() - began) * 10:.2f} ms")
    small_ca.authority.close()


def issuing(folder: Path, issues: int) -> None:
    """Issue without the tree, with it, and also with the journal, in turns."""
    plant, keys = tree_rows.plant, [key(number) for number in range(8)]
    plain = AuthoritySettings()
    kinds = {
        "bare": (lambda *_: None, plain),
        "with the tree": (plant, plain),
        "with tree and journal": (plant, replace(plain, journal=folder / "journal")),
    }
    houses = {}
    for number, (kind, (_, settings)) in enumerate(kinds.items()):
        (folder / str(number)).mkdir(parents=True)
        houses[kind] = SmallAuthority(folder / str(number), settings=settings)
        if kind == "bare":  # The audit must not show that the tree was switched off.
            houses[kind].authority.close()
    spent = dict.fromkeys(kinds, 0.0)
    signer = houses["with the tree"].authority._keys.present.signer
    began = time.perf_counter()
    for number in range(200):
        signer.sign(number.to_bytes(1400, "big"))
    raw = 200 / (time.perf_counter() - began)
    houses["bare"].authority = houses["bare"].open()
    for each in range(issues):
        for kind, (way, _) in kinds.items():
            tree_rows.plant = way
            began = time.perf_counter()
            at = each % len(keys)
            houses[kind].authority.issue(order(f"r-{each}", at, holder=f"{HOLDER}-{at}"))
            spent[kind] += time.perf_counter() - began
    tree_rows.plant = plant
    for kind, seconds in spent.items():
        print(f"{kind:22} {issues / seconds:.0f} issues/s, {issues / seconds / raw:.2f} of {raw:.0f} raw signatures/s")
    size = (folder / "journal").stat().st_size / issues
    print(f"the journal: {size:.0f} bytes an issue")
    for house in houses.values():
        house.authority.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=0)
    parser.add_argument("--issues", type=int, default=0)
    parser.add_argument("--tamperings", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    pbes.SCRYPT_COST, pbes.SCRYPT_LANES = 2, 1
    print(f"SQLite {sqlite3.sqlite_version}")
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        if wanted.entries:
            verification(Path(name) / "verification", wanted.entries)
        if wanted.issues:
            issuing(Path(name) / "issuing", wanted.issues)
        if wanted.tamperings:
            rounds(Path(name) / "tampering", wanted.tamperings, wanted.seed)


if __name__ == "__main__":
    main()
