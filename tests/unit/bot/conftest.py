"""Databases on disk, where files, threads or two connections matter."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.storage.sqlite import SqliteDatabase
from ca.ledger.vault import KeyRing, Vault
from tests.support.disk import on_disk


@pytest.fixture(scope="session")
def vault() -> Vault:
    return Vault(KeyRing.new())


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    async with on_disk(tmp_path / "desk.db") as opened:
        yield opened
