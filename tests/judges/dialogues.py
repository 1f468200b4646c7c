"""CMP between the stock `openssl cmp` and the authority, with every answer of every dialogue lost once.

`python -m tests.judges.dialogues [--rounds 5]`: after a lost answer the stock client knows nothing and begins again,
with
the same key. The results in the ledger are counted.
"""

import argparse
import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography import x509

from ca import Authority, AuthoritySettings, Enrolment, EnrolmentOrder, Status, open_vault
from tests.judges.samples import pem
from tests.support.authority_server import free_port, serving
from tests.support.lossy_proxy import LosingLine, losing

NAME, IDN = "홍길동", "9001011234567"
#: Each with the number of its answers, and the certificates that there are at the end.
DIALOGUES = {
    "ir": (2, 1),
    "cr": (2, 1),
    "p10cr": (2, 1),
    "reissue": (2, 2),
    "kur": (2, 2),
    "rr": (1, 1),
    "genm": (1, 1),
}


@dataclass
class Tally:
    dialogues: int = 0
    lost: int = 0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        said = f"{self.dialogues} dialogues, {self.lost} answers lost, {len(self.problems)} problems"
        return "\n".join([said, *self.problems])


@dataclass
class Client:
    """The stock client, at the end of a line that loses what it is told to."""

    authority: Authority
    folder: Path
    line: LosingLine
    count: int = 0

    async def holder(self, command: str, lost: int | None, tally: Tally) -> None:
        """Play one dialogue with a new holder; the answer of this number is lost, and then it is tried again."""
        self.count += 1
        tally.dialogues += 1
        holder = f"C-{self.count}"
        options = await self._prepared(command, holder)
        self.line.carried, self.line.loses_at, before = 0, lost, self.line.lost
        first = await self._cmp(*options)
        if lost is not None:
            tally.lost += self.line.lost - before
            if first == 0 and command != "genm":
                tally.problems.append(f"{command}: the client did not notice that answer {lost} was lost")
        self.line.loses_at = None
        again = await self._cmp(*options) if first else first
        # To revoke once more what is revoked is refused, and says so.
        if again and command != "rr":
            tally.problems.append(f"{command}, answer {lost} lost: refused when it was tried again")
        self._check(command, lost, holder, tally)

    async def _prepared(self, command: str, holder: str) -> Sequence[str]:
        """Return the options of the dialogue; what must be there before it is made without losses."""
        given = self._enrolled(holder)
        collect = [
            "-cmd",
            "ir",
            *_code(given),
            *await self._key(f"{holder}.key"),
            "-certout",
            f"{holder}.pem",
        ]
        if command in {"ir", "cr"}:
            return ["-cmd", command, *collect[2:]]
        if command == "p10cr":
            await self._key(f"{holder}.key")
            asked = ["req", "-new", "-key", f"{holder}.key", "-subj", "/CN=x", "-out", f"{holder}.csr"]
            await self._openssl(*asked)
            return ["-cmd", "p10cr", *_code(given), "-csr", f"{holder}.csr", "-certout", f"{holder}.pem"]
        self.line.loses_at = None
        assert await self._cmp(*collect) == 0
        if command == "reissue":
            old = x509.load_pem_x509_certificate((self.folder / f"{holder}.pem").read_bytes())
            again = self._enrolled(holder, old.serial_number)
            return ["-cmd", "ir", *_code(again), *await self._key(f"{holder}-2.key"), "-certout", "new.pem"]
        signed = [
            "-cert",
            f"{holder}.pem",
            "-key",
            f"{holder}.key",
            "-trusted",
            "root.pem",
            "-untrusted",
            "issuing.pem",
        ]
        if command == "kur":
            return ["-cmd", "kur", *signed, *(await self._key(f"{holder}-2.key"))[:2], "-certout", "new.pem"]
        if command == "rr":
            return ["-cmd", "rr", *signed, "-oldcert", f"{holder}.pem", "-revreason", "1"]
        return ["-cmd", "genm", *signed, "-infotype", "caCerts"]

    def _enrolled(self, holder: str, replaces: int | None = None) -> Enrolment:
        request_id = f"e-{holder}-{replaces}"
        return self.authority.enrol(EnrolmentOrder(request_id, holder, NAME, IDN, replaces=replaces))

    async def _key(self, name: str) -> list[str]:
        if not (self.folder / name).exists():
            await self._openssl("genrsa", "-out", name, "2048")
        return ["-newkey", name, "-subject", "/CN=x"]

    async def _cmp(self, *options: str) -> int:
        where = ["-server", f"127.0.0.1:{self.line.port}", "-path", "/cmp", "-recipient", "/CN=any"]
        return await self._openssl("cmp", "-config", "", *where, "-keep_alive", "0", *options)

    async def _openssl(self, *arguments: str) -> int:
        process = await asyncio.create_subprocess_exec(
            "openssl",
            *arguments,
            cwd=self.folder,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        return await process.wait()

    def _check(self, command: str, lost: int | None, holder: str, tally: Tally) -> None:
        found = self.authority.certificates(holder)
        in_use = [each for each in found if each.status is Status.GOOD]
        if len(found) != DIALOGUES[command][1] or len(in_use) != (command != "rr"):
            tally.problems.append(f"{command}, answer {lost} lost: {len(found)} certificates, {len(in_use)} in use")


def _code(given: Enrolment) -> list[str]:
    return ["-ref", given.reference, "-secret", f"pass:{given.code}", "-mac", "hmacWithSHA256"]


@asynccontextmanager
async def stock_client(folder: Path) -> AsyncIterator[Client]:
    vault, _ = open_vault(folder / "vault.json")
    settings = AuthoritySettings(root_bits=2048, issuing_bits=2048)
    authority = Authority.open(folder / "ca", b"passphrase", vault, settings=settings)
    (folder / "root.pem").write_bytes(pem(authority.chain.root))
    (folder / "issuing.pem").write_bytes(pem(authority.chain.issuing))
    with serving(authority, port := free_port()):
        async with losing(port) as line:
            yield Client(authority, folder, line)
    assert authority.verify_audit().ok
    authority.close()


async def played(folder: Path, rounds: int) -> Tally:
    """Play every dialogue whole, and once for each answer that may be lost."""
    tally = Tally()
    async with stock_client(folder) as client:
        for _ in range(rounds):
            for command, (answers, _certificates) in DIALOGUES.items():
                for lost in (None, *range(answers)):
                    await client.holder(command, lost, tally)
    return tally


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(asyncio.run(played(Path(folder), arguments.rounds)))


if __name__ == "__main__":
    main()
