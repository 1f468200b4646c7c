"""Bugs between the bot and the authority: what is stored of a key, a certificate and its files, and when."""

import asyncio
import secrets
from typing import Any

from bot.engine.job_handlers import KEY, JobHandlers
from bot.issuing.kept_files import KeptFiles
from ca.ledger import records
from ca.registration.registrar import Registrar
from ca.values.model import Certificate, KeyRequest, Status
from tests.crash.mutants.patching import named

PUT: Any = KeptFiles.put
LOAD: Any = KeptFiles.load


def fresh_request() -> None:
    """A second try is a new request: a new key and a new serial number, beside what the first try made."""
    redeem = Registrar.redeem

    def again(self: Registrar, reference: str, code: str, request: KeyRequest) -> Certificate:
        with self._ledger.transaction() as tx:
            row = tx.one("enrolment_by_reference", reference=reference)
            assert row is not None
            known = tx.one("intent_by_request", request_id=row["request_id"])
            if known is not None:
                fresh = f"{row['request_id']}.{secrets.token_hex(4)}"
                held = records.of_holder(tx, row["holder"])
                good = next(each for each in held if each.status is Status.GOOD)
                plan = self._update_plan(tx, good, request.spki, fresh, secrets.token_bytes(32))
                self._issuance.reserve(tx, plan)
        return redeem(self, reference, code, request) if known is None else self._issuance.finish(fresh)

    async def forgotten(self: JobHandlers, _case: Any, _request_id: str) -> bytes:
        return await self._issuer.make_key()

    Registrar.redeem, JobHandlers._key = again, forgotten  # type: ignore[method-assign]


def key_in_memory() -> None:
    """The new key is kept in memory until it is certified."""
    held: dict[str, bytes] = {}

    async def key(self: JobHandlers, _case: Any, request_id: str) -> bytes:
        if request_id not in held:
            held[request_id] = await self._issuer.make_key()
        return held[request_id]

    JobHandlers._key = key  # type: ignore[method-assign]


def key_erased_early() -> None:
    """The new key is erased after the authority's answer, before the files made with it are stored."""
    issued = JobHandlers._issue

    async def issue(self: JobHandlers, job: Any, case: Any) -> Any:
        conclusion = await issued(self, job, case)
        request_id = job.task.request_id
        await self._stores.database.unit(lambda tx: self._stores.kept_files.erase(tx, request_id, KEY))
        return conclusion

    JobHandlers._issue = issue  # type: ignore[method-assign]


def files_in_memory() -> None:
    """The customer's files are kept in memory until they are fetched."""
    held: dict[tuple[str, str], bytes] = {}

    def put(self: KeptFiles, tx: Any, request_id: str, name: str, chat_id: int, content: bytes, until: Any) -> None:
        if name == KEY:
            PUT(self, tx, request_id, name, chat_id, content, until)
        else:
            held[request_id, name] = content

    def load(self: KeptFiles, tx: Any, request_id: str, name: str, now: Any) -> bytes | None:
        return LOAD(self, tx, request_id, name, now) if name == KEY else held.get((request_id, name))

    KeptFiles.put, KeptFiles.load = put, load  # type: ignore[method-assign]


def files_apart() -> None:
    """The files are stored in a separate transaction, after the one that announces them."""
    put, hand = KeptFiles.put, JobHandlers._hand
    clerks: list[JobHandlers] = []

    def handed(self: JobHandlers, tx: Any, chat_id: int, request_id: str, cause: str) -> None:
        clerks[:] = [self]
        tx.after.append(lambda: start(self, lambda later: hand(self, later, chat_id, request_id, cause)))

    def kept(self: KeptFiles, tx: Any, request_id: str, name: str, *rest: Any) -> None:
        if name == KEY:
            put(self, tx, request_id, name, *rest)
        else:
            tx.after.append(lambda: start(clerks[0], lambda later: put(self, later, request_id, name, *rest)))

    def start(job_handlers: JobHandlers, work: Any) -> None:
        TASKS.append(asyncio.get_running_loop().create_task(job_handlers._stores.database.unit(work)))

    KeptFiles.put, JobHandlers._hand = kept, handed  # type: ignore[method-assign]


TASKS: list[Any] = []
MUTANTS = named(fresh_request, key_in_memory, key_erased_early, files_in_memory, files_apart)
