"""A bot whose authority is elsewhere, with a proxy in between that can lose anything."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from bot.issuing.key_pool import KeyPool
from bot.issuing.outside.issuer import OutsideIssuer
from bot.issuing.outside.orders import OutsideStore
from bot.issuing.outside.protocol import Away, Engine
from bot.issuing.port import Applicant, Certified, HeldCertificate
from bot.storage.database import Database
from bot.storage.opening import open_database
from ca import Vault, open_vault
from tests.support.authority import HOLDER, IDN, NAME, key

APPLICANT = Applicant(HOLDER, NAME, IDN)


class Crash(BaseException):
    """The process is gone: nothing may catch it."""


@dataclass
class Line:
    """Carries messages to the authority; at the message of this number something happens to it."""

    carry: Callable[[bytes], Awaitable[bytes]]
    fault: str = ""
    at: int = -1
    carried: list[bytes] = field(default_factory=list)

    async def __call__(self, message: bytes) -> bytes:
        number = len(self.carried)
        self.carried.append(message)
        fault = self.fault if number == self.at else ""
        if fault == "request lost":
            raise Away
        answer = await self.carry(message)
        if fault == "answer lost":
            raise Away
        if fault == "process lost":
            raise Crash
        if fault == "answer garbled":
            return answer[:-1] + bytes([answer[-1] ^ 1])
        if fault == "another's answer":
            return await self.carry(message[:20] + bytes([message[20] ^ 1]) + message[21:])
        return answer


@dataclass
class Clock:
    at: datetime

    def now(self) -> datetime:
        return self.at


@dataclass
class Desk:
    """Opened again, it is a new process over the same database."""

    folder: Path
    clock: Clock
    vault: Vault
    database: Database
    issuer: OutsideIssuer

    @classmethod
    async def opened(cls, folder: Path, engine: Engine, clock: Clock) -> "Desk":
        vault, _ = open_vault(folder / "desk-keys.json")
        database = await open_database(f"sqlite:///{folder / 'desk.db'}")
        issuer = OutsideIssuer(engine, database, OutsideStore(vault), clock, KeyPool())
        return cls(folder, clock, vault, database, issuer)

    async def again(self, engine: Engine) -> "Desk":
        await self.close()
        return await Desk.opened(self.folder, engine, self.clock)

    async def close(self) -> None:
        await self.database.close()

    async def reissue(self, old: str, number: int = 1, request_id: str = "r1") -> Certified:
        opening = await self.issuer.enrol(request_id, APPLICANT, old)
        return await self.issuer.redeem(opening.reference, opening.authorization, key(number).pkcs8)

    async def statuses(self) -> dict[str, str]:
        held: tuple[HeldCertificate, ...] = await self.issuer.held(HOLDER)
        return {each.serial: each.status for each in held}
