"""Opens the certificate authority that the settings name: the embedded one, or one outside."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass

from starlette.routing import BaseRoute

import ca
from bot.core.clock import Clock
from bot.issuing.embedded import EmbeddedIssuer
from bot.issuing.key_files import open_authority
from bot.issuing.key_pool import KeyPool
from bot.issuing.outside import build as outside
from bot.issuing.outside.issuer import OutsideIssuer
from bot.settings.settings import Settings
from bot.storage.database import Database
from ca.web import Status


@dataclass(frozen=True, slots=True)
class Issuing:
    issuer: EmbeddedIssuer | OutsideIssuer
    #: Keys for customers, made ahead while there is little to do.
    keys: KeyPool
    #: What the web side answers for the embedded authority (CRL, OCSP, CMP); one outside answers for itself.
    routes: Sequence[BaseRoute]


@asynccontextmanager
async def open_issuing(
    settings: Settings, vault: ca.Vault, database: Database, clock: Clock, say: Callable[[str], None]
) -> AsyncIterator[Issuing]:
    """Open the authority, and close it at the end; `say` tells a person what is made at the first start."""
    keys = KeyPool()
    try:
        if settings.outside is not None:
            yield Issuing(outside.issuer(settings.outside, vault, database, clock, keys), keys, ())
            return
        authority = await asyncio.to_thread(open_authority, settings, vault, say)
        try:
            await asyncio.to_thread(authority.judge_profiles)
            yield Issuing(EmbeddedIssuer(authority, keys), keys, Status(authority).routes)
        finally:
            authority.close()
    finally:
        keys.close()
