"""How many OCSP responses per second, compared with raw signatures of the same key and with `openssl ocsp`.

`python -m tests.bench.ocsp [--count 2000] [--certificates 100000] [--connections 8] [--rounds 3]`. Every hundredth
certificate is revoked. The bot's web server (uvicorn) and `openssl ocsp -port` are processes of their own, asked by one
client in this one. `openssl ocsp` closes the connection after each answer, so ours is asked that way too; it signs
every answer, with or without a nonce. All variants take turns in each round; figures are medians of the rounds.
"""

import argparse
import asyncio
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509 import ocsp

from bot.monitoring.server import listening
from ca import AuthoritySettings
from ca.asn1 import pbes
from ca.status.delegate import Delegate, Purpose
from ca.web import Status
from tests.bench.bulk_ledger import REASON, fill, serial_of
from tests.bench.full_size_authority import House
from tests.bench.meter import cpu_seconds
from tests.bench.ocsp_client import ask
from tests.bench.openssl_ca import StockAuthority, index_line, version

ROOT = Path(__file__).resolve().parents[2]
RAW = "raw signatures"
THEIRS = "openssl ocsp"
RESPONSE_BYTES = 250  #: The part of a response that is signed.
REVOKED_OF = 100
NONCE_BYTES = 32


@dataclass(frozen=True, slots=True)
class Round:
    per_s: float
    cpu_ms: float | None
    """Of the server's process, for one answer."""


def questions(house: House, count: int, certificates: int, *, nonce: bool) -> list[bytes]:
    """Ask for one certificate each, in another order than they were issued."""
    issuer = x509.load_der_x509_certificate(house.authority.chain.issuing)
    key = issuer.extensions.get_extension_for_class(x509.SubjectKeyIdentifier).value.digest
    digest = hashes.Hash(hashes.SHA1())
    digest.update(issuer.subject.public_bytes())
    name = digest.finalize()
    asked = []
    for number in range(count):
        serial = serial_of(number * 7919 % certificates)
        builder = ocsp.OCSPRequestBuilder().add_certificate_by_hash(name, key, serial, hashes.SHA1())
        if nonce:
            builder = builder.add_extension(x509.OCSPNonce(os.urandom(NONCE_BYTES)), critical=False)
        asked.append(builder.build().public_bytes(Encoding.DER))
    return asked


def per_second(act: Callable[[bytes], object], each: Sequence[bytes], threads: int = 1) -> Round:
    began, cpu = time.perf_counter(), time.process_time()
    with ThreadPoolExecutor(threads) as pool:
        list(pool.map(act, each)) if threads > 1 else [act(one) for one in each]
    took, used = time.perf_counter() - began, time.process_time() - cpu
    return Round(len(each) / took, used / len(each) * 1e3)


class Bench:
    def __init__(self, house: House, wanted: argparse.Namespace) -> None:
        self._house = house
        self._wanted = wanted
        issuer = house.authority._keys.present.key_id
        self.delegate: Delegate = house.authority._responder._delegates.get(Purpose.OCSP, issuer, datetime.now(UTC))

    def round(self, port: int, stock: dict[str, tuple[int, int]], pid: int) -> dict[str, Round]:
        count, certificates = self._wanted.count, self._wanted.certificates
        fresh = questions(self._house, count, certificates, nonce=True)
        plain = questions(self._house, count, certificates, nonce=False)
        answer = self._house.authority.ocsp
        self._house.authority._responder._kept.clear()
        messages = [number.to_bytes(RESPONSE_BYTES, "big") for number in range(count)]
        found = {
            RAW: per_second(self.delegate.signer.sign, messages),
            f"{RAW}, 2 threads": per_second(self.delegate.signer.sign, messages, 2),
            "in process, nonce": per_second(answer, fresh),
            "in process, nonce, 2 threads": per_second(answer, fresh, 2),
            "in process, no nonce, first": per_second(answer, plain),
            "in process, no nonce, kept": per_second(answer, plain),
        }
        self._over_http(pid, port, plain, keep=True)  # The answers of the last round become old.
        found |= {
            "HTTP, nonce": self._over_http(pid, port, fresh, keep=True),
            "HTTP, no nonce, kept": self._over_http(pid, port, plain, keep=True),
            "HTTP, nonce, anew": self._over_http(pid, port, fresh, keep=False),
            "HTTP, no nonce, kept, anew": self._over_http(pid, port, plain, keep=False),
        }
        return found | {
            name: self._over_http(server, port, fresh, keep=False) for name, (server, port) in stock.items()
        }

    def _over_http(self, pid: int, port: int, asked: Sequence[bytes], *, keep: bool) -> Round:
        before = _cpu_of(pid)
        took, last = ask(port, asked, self._wanted.connections, keep=keep)
        if ocsp.load_der_ocsp_response(last).response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            raise RuntimeError("not an answer")
        return Round(len(asked) / took, (_cpu_of(pid) - before) / len(asked) * 1e3)


def _cpu_of(pid: int) -> float:
    """Of a process and its living children."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return cpu_seconds(pid) + sum(cpu_seconds(int(child)) for child in children)


@contextmanager
def started(*command: str) -> Iterator[tuple[int, int]]:
    """Start a server that prints its port as the last word of a line; return its process id and port."""
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        cwd=ROOT,
        process_group=0,
    ) as server:
        try:
            assert server.stdout is not None
            line = next(line for line in server.stdout if "port" in line or "ACCEPT" in line)
            yield server.pid, int(line.split("PID")[0].replace(":", " ").split()[-1])
        finally:
            os.killpg(server.pid, signal.SIGKILL)  # The parent of `-multi` ignores SIGTERM.


def responder(stock: StockAuthority, processes: int) -> tuple[str, ...]:
    folder = stock.folder
    many = ("-multi", str(processes)) if processes > 1 else ()
    return (
        "openssl", "ocsp", "-port", "0", "-index", str(stock.index), "-CA", str(folder / "issuing.pem"),
        "-rsigner", str(folder / "delegate.pem"), "-rkey", str(folder / "delegate.key.pem"), "-resp_key_id",
        "-nmin", "60", "-ignore_err", *many,
    )  # fmt: skip


def written(stock: StockAuthority, delegate: Delegate, certificates: int) -> None:
    stock.keep("delegate", delegate.der, delegate.signer._key)  # type: ignore[attr-defined]
    now = datetime.now(UTC)
    revoked = certificates // REVOKED_OF
    with stock.index.open("w") as file:
        for number in range(certificates):
            gone = (now, REASON) if number < revoked else None
            file.write(index_line(serial_of(number), now + timedelta(days=265), gone))


def show(rounds: Sequence[dict[str, Round]]) -> None:
    print(f"\n{'':32}    per s  of raw  × openssl ocsp  CPU ms")
    for name in rounds[0]:
        rows = [each[name] for each in rounds]
        per_s = statistics.median(each.per_s for each in rows)
        cpu = statistics.median(each.cpu_ms or 0.0 for each in rows)
        of_raw, of_theirs = (
            statistics.median(each[name].per_s / each[other].per_s for each in rounds) for other in (RAW, THEIRS)
        )
        print(f"{name:32}{per_s:9.0f} {of_raw:7.2f} {of_theirs:15.2f} {cpu:7.2f}")


async def serve(folder: Path) -> None:
    """Serve the bot's web side until this process is ended."""
    house = House(folder, AuthoritySettings())
    async with listening(("127.0.0.1", 0), Status(house.authority).routes) as (_, port):
        print(f"port {port}", flush=True)
        await asyncio.Event().wait()


def compare(folder: Path, wanted: argparse.Namespace) -> None:
    house = House(folder / "ours", AuthoritySettings())
    stock = house.stock(folder / "theirs")
    revoked = wanted.certificates // REVOKED_OF
    fill(house.authority, wanted.certificates, revoked, house.authority.most_parts)
    bench = Bench(house, wanted)
    written(stock, bench.delegate, wanted.certificates)
    with ExitStack() as servers:
        start = servers.enter_context
        pid, port = start(started(sys.executable, "-m", "tests.bench.ocsp", "--serve", str(house.folder)))
        others = {
            THEIRS: start(started(*responder(stock, 1))),
            f"{THEIRS} -multi 2": start(started(*responder(stock, 2))),
        }
        show([bench.round(port, others, pid) for _ in range(wanted.rounds)])
    house.authority.close()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2000, help="questions a way and round")
    parser.add_argument("--certificates", type=int, default=100_000, help="in the ledger, and in index.txt")
    parser.add_argument("--connections", type=int, default=8, help="of the client, at once")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--serve", type=Path, metavar="FOLDER", help="be the web side: the bench starts it")
    wanted = parser.parse_args()
    pbes.SCRYPT_COST, pbes.SCRYPT_LANES = 2, 1
    if wanted.serve:
        asyncio.run(serve(wanted.serve))
        return
    print(f"{wanted.certificates} certificates, {wanted.count} questions, medians of {wanted.rounds}; {version()}")
    print(f"load before {os.getloadavg()[0]:.1f}, {os.cpu_count()} processors")
    with tempfile.TemporaryDirectory(prefix="bench-") as name:
        compare(Path(name), wanted)
    print(f"load after {os.getloadavg()[0]:.1f}")


if __name__ == "__main__":
    main()
