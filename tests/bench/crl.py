"""How long CRLs take when very many certificates are revoked, compared with `openssl ca -gencrl`.

`python -m tests.bench.crl [--revoked 1000000]`. Both have the same serial numbers and sign with the same key. Our CRL
is
numbered, read, built, signed, verified, stored and audited; `openssl ca` reads `index.txt` and writes a file.
"""

import argparse
import os
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

from cryptography import x509

from ca import AuthoritySettings, Reason
from ca.asn1 import der, pbes
from ca.asn1.der import spki_bytes
from ca.keys.signer import SoftSigner
from ca.status import crl
from tests.bench.bulk_ledger import REASON, fill, serial_of
from tests.bench.full_size_authority import House
from tests.bench.keys import customers
from tests.bench.openssl_ca import StockAuthority, index_line, version
from tests.bench.stages import Watch

#: The stages of a CRL, by functions that do nothing else.
STAGES: tuple[tuple[str, Any, str], ...] = (
    ("put together", crl, "_tbs"),
    ("put together", der, "signed"),
    ("sign", SoftSigner, "sign"),
    ("verify", crl, "_verify"),
)
REST = "read, encode entries, hash and store"
LONG_S = 1.0  #: A CRL that takes longer is reported by stages.
MIB = 2**20


def measured(what: str, make: Callable[[], bytes]) -> None:
    """Print seconds, entries, size, and the peak of memory beyond what was in use before."""
    watch = Watch()
    Path("/proc/self/clear_refs").write_text("5")  # Reset the peak.
    with ExitStack() as patches:
        for stage, owner, name in STAGES:
            patches.enter_context(patch.object(owner, name, watch.around(stage, getattr(owner, name))))
        before, began = _memory("VmRSS"), time.perf_counter()
        made = make()
        took, peak = time.perf_counter() - began, _memory("VmHWM") - before
    show(what, took, len(x509.load_der_x509_crl(made)), len(made), peak)
    if took > LONG_S:
        for stage, seconds in watch.shares(took, REST):
            print(f"    {stage:44}{seconds:9.3f} s")


def show(what: str, took: float, entries: int, size: int, peak: float) -> None:
    print(f"{what:48}{took:9.3f} s {entries:9} entries {size / MIB:7.2f} MiB, memory {peak:6.0f} MiB")


def _memory(name: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith(name)) / 1024


def ours(house: House, revoked: int) -> None:
    authority, parts = house.authority, house.authority.most_parts
    began = time.perf_counter()
    fill(authority, revoked, revoked, parts)
    print(f"filled in {time.perf_counter() - began:.0f} s")
    issued = house.issue(0, spki_bytes(customers(1)[0].public_key()))
    its = issued.serial % parts
    other = (its + 1) % parts
    measured("the whole list", authority.crl)
    measured("one part of it", lambda: authority.crl(1, its))
    measured("another part", lambda: authority.crl(1, other))
    measured("the whole list again, nothing changed", authority.crl)
    authority.revoke(issued.serial, Reason.KEY_COMPROMISE, "one-more")
    measured("one more revoked: its part", lambda: authority.crl(1, its))
    measured("one more revoked: the other part", lambda: authority.crl(1, other))
    measured("one more revoked: the whole list", authority.crl)


def signing_alone(house: House, size: int) -> None:
    """Hash and sign as many bytes as a CRL has."""
    signer, message = house.authority._keys.present.signer, bytes(size)
    began = time.perf_counter()
    signer.sign(message)
    print(f"{'to sign as many bytes, alone':48}{time.perf_counter() - began:9.3f} s")


def theirs(stock: StockAuthority, revoked: int) -> None:
    with stock.index.open("w") as file:
        file.writelines(_lines(revoked))
    began = time.perf_counter()
    path = stock.list_revoked()
    took = time.perf_counter() - began
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    made = x509.load_pem_x509_crl(path.read_bytes())
    show("openssl ca -gencrl, each time", took, len(made), path.stat().st_size * 3 // 4, peak)


def _lines(revoked: int) -> Iterator[str]:
    now = datetime.now(UTC)
    until = now + timedelta(days=265)
    for number in range(revoked):
        yield index_line(serial_of(number), until, (now - timedelta(seconds=number % 8_000_000), REASON))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--revoked", type=int, default=1_000_000)
    parser.add_argument(
        "--bits",
        type=int,
        default=AuthoritySettings().issuing_bits,
        help="of the issuing key; as the settings have it unless told",
    )
    wanted = parser.parse_args()
    pbes.SCRYPT_COST, pbes.SCRYPT_LANES = 2, 1
    print(f"RSA-{wanted.bits}, {wanted.revoked} revoked; {version()}")
    print(f"load before {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors")
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        house = House(Path(name) / "ours", AuthoritySettings(issuing_bits=wanted.bits))
        stock = house.stock(Path(name) / "theirs")
        ours(house, wanted.revoked)
        signing_alone(house, len(house.authority.crl()))
        house.authority.close()
        theirs(stock, wanted.revoked)
    print(f"load after {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
