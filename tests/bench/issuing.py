"""How many certificates are issued per second, compared with raw signatures of the same key and with `openssl ca`.

`python -m tests.bench.issuing [--count 500] [--rounds 3] [--threads 8] [--bits 3072] [--profile]`. All variants take
turns in each round, so that a busy minute of the machine hits all; figures are medians of the rounds. A certificate's
key is checked; it is stored, linted, signed, verified and audited, and synced to disk twice before the call returns.
`openssl ca` signs and writes files; it checks no key and syncs nothing.
"""

import argparse
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa

from ca import AuthoritySettings
from ca.asn1 import pbes
from ca.asn1.der import spki_bytes
from tests.bench import stages
from tests.bench.full_size_authority import House
from tests.bench.keys import customers
from tests.bench.openssl_ca import csr, version

TBS_BYTES = 1100  #: Of a customer's certificate.
RAW = "raw signatures"
EACH, ALL = "openssl ca, a process each", "openssl ca, one for all"


@dataclass(frozen=True, slots=True)
class Round:
    """One variant in one round."""

    per_s: float
    cpu_ms: float
    """Of all threads and child processes, for one certificate."""


def timed(act: Callable[[Any], object], each: Sequence[Any], threads: int = 1) -> Round:
    """Run it for each, and wait for all."""
    began, cpu = time.perf_counter(), _cpu_seconds()
    if threads == 1:
        for one in each:
            act(one)
    else:
        with ThreadPoolExecutor(threads) as pool:
            list(pool.map(act, each))
    took, used = time.perf_counter() - began, _cpu_seconds() - cpu
    return Round(len(each) / took, used / len(each) * 1e3)


def _cpu_seconds() -> float:
    used = os.times()
    return used.user + used.system + used.children_user + used.children_system


class Bench:
    def __init__(self, folder: Path, count: int, settings: AuthoritySettings) -> None:
        self.template = House(folder / "template", settings)
        self._folder = folder
        self._count = count
        keys = customers(2 * count)
        self._spkis = [spki_bytes(key.public_key()) for key in keys]
        self._requests = self._written(keys[:count])

    def _written(self, keys: Sequence[rsa.RSAPrivateKey]) -> list[Path]:
        paths = []
        for number, key in enumerate(keys):
            paths.append(self._folder / f"{number}.csr")
            paths[-1].write_bytes(csr(number, key))
        return paths

    def round(self, threads: int) -> dict[str, Round]:
        found = {RAW: self._raw(1), f"{RAW}, {threads} threads": self._raw(threads)}
        for many in (1, threads):
            suffix = "" if many == 1 else f", {many} threads"
            issued, enrolled, redeemed = self._ours(many)
            found |= {f"issue{suffix}": issued, f"enrol{suffix}": enrolled, f"reissue{suffix}": redeemed}
        return found | self._theirs()

    def _raw(self, threads: int) -> Round:
        signer = self.template.authority._keys.present.signer
        messages = [number.to_bytes(TBS_BYTES, "big") for number in range(self._count)]
        return timed(signer.sign, messages, threads)

    def _ours(self, threads: int) -> tuple[Round, Round, Round]:
        house = self.template.copied(self._folder / "ours")
        numbers, given = range(self._count), {}

        def enrol(number: int) -> None:
            given[number] = house.enrol(number)

        issued = timed(lambda number: house.issue(number, self._spkis[number]), numbers, threads)
        enrolled = timed(enrol, numbers, threads)
        redeemed = timed(
            lambda number: house.redeem(given[number], self._spkis[self._count + number]), numbers, threads
        )
        house.authority.close()
        shutil.rmtree(house.folder)
        return issued, enrolled, redeemed

    def _theirs(self) -> dict[str, Round]:
        found = {}
        for name in (EACH, ALL):
            stock = self.template.stock(self._folder / "theirs")
            if name == EACH:
                found[name] = timed(stock.sign_one, self._requests)
            else:
                all_at_once = timed(stock.sign_all, [self._requests])
                found[name] = replace(
                    all_at_once,
                    per_s=all_at_once.per_s * self._count,
                    cpu_ms=all_at_once.cpu_ms / self._count,
                )
            if len(stock.index.read_text().splitlines()) != self._count:
                raise RuntimeError("openssl ca did not sign them all")
            shutil.rmtree(stock.folder)
        return found

    def profile(self) -> None:
        house = self.template.copied(self._folder / "ours")
        with stages.watched() as watch:
            began = time.perf_counter()
            for number in range(self._count):
                house.issue(number, self._spkis[number])
            took = time.perf_counter() - began
        house.authority.close()
        shutil.rmtree(house.folder)
        print(f"\nOne issue, one thread: {took / self._count * 1e3:.2f} ms, watched")
        for name, seconds in watch.shares(took):
            print(f"{name:44}{seconds / self._count * 1e3:7.2f} ms {seconds / took:6.1%}")


def show(rounds: Sequence[dict[str, Round]]) -> None:
    print(f"\n{'':30}    per s  of raw  × openssl ca each  × for all  CPU ms")
    for name in rounds[0]:
        rows = [each[name] for each in rounds]
        per_s, cpu = (statistics.median(values) for values in zip(*((r.per_s, r.cpu_ms) for r in rows), strict=True))
        ratios = [
            statistics.median(each[name].per_s / each[other].per_s for each in rounds) for other in (RAW, EACH, ALL)
        ]
        print(f"{name:30}{per_s:9.0f} {ratios[0]:7.2f} {ratios[1]:18.2f} {ratios[2]:10.2f} {cpu:7.2f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=500, help="certificates a way and round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument(
        "--bits",
        type=int,
        default=AuthoritySettings().issuing_bits,
        help="of the issuing key; as the settings have it unless told",
    )
    parser.add_argument("--profile", action="store_true", help="also show where the time of one issue goes")
    wanted = parser.parse_args()
    pbes.SCRYPT_COST, pbes.SCRYPT_LANES = 2, 1
    print(f"RSA-{wanted.bits}, {wanted.count} certificates, medians of {wanted.rounds}; {version()}")
    print(f"load before {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors")
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        bench = Bench(Path(name), wanted.count, AuthoritySettings(issuing_bits=wanted.bits))
        show([bench.round(wanted.threads) for _ in range(wanted.rounds)])
        if wanted.profile:
            bench.profile()
        bench.template.authority.close()
    print(f"load after {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
