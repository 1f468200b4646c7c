"""A long past is forgotten in small bites, so that nobody who writes waits for it."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast
from unittest.mock import MagicMock

from bot.engine.cases import CaseService, CaseStores
from bot.engine.retention import ROWS_AT_ONCE, Retention
from bot.issuing.kept_files import KeptFiles
from bot.issuing.port import Issuer
from bot.knowledge.gaps import Gaps
from bot.storage.database import Transaction
from bot.storage.sqlite import SqliteDatabase
from ca.ledger.vault import KeyRing, Vault
from tests.support.disk import on_disk

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
PAST = 2 * ROWS_AT_ONCE + 7


class Stands:
    def now(self) -> datetime:
        return NOW


class Nobody:
    async def tend(self) -> None:
        return


def done(tx: Transaction, number: int, at: datetime) -> None:
    rows = {
        "update_id": number,
        "lane": f"chat:{number}",
        "sealed": b"",
        "ahead": 0,
        "me": "",
        "now": at.timestamp(),
    }
    tx.run("inbox_add", **rows)
    head = tx.row("inbox_head_of", lane=f"chat:{number}")
    assert head
    tx.run("inbox_done", seq=head["seq"])


async def test_all_of_it_goes_and_never_more_than_so_much_at_once(tmp_path: Path) -> None:
    async with on_disk(tmp_path / "desk.db") as database:
        vault = Vault(KeyRing.new())
        stores = cast("CaseStores", MagicMock(gaps=Gaps(vault)))
        keeper = Retention(
            database,
            stores,
            KeptFiles(vault),
            cast("CaseService", MagicMock()),
            cast("Issuer", Nobody()),
            Stands(),
        )

        def lived(tx: Transaction) -> None:
            for number in range(PAST):
                done(tx, number, NOW - timedelta(days=4))
            done(tx, PAST, NOW - timedelta(days=1))

        await database.unit(lived)
        bites = await bitten(database, keeper)

        assert max(bites) == ROWS_AT_ONCE
        assert sum(bites) == PAST
        left = await database.hop(lambda: database._conn.execute("SELECT update_id FROM inbox").fetchall())
        assert [row[0] for row in left] == [PAST]


async def bitten(database: SqliteDatabase, keeper: Retention) -> list[int]:
    """Return how many rows each unit deleted while it tidied up."""
    bites: list[int] = []
    unit = database.unit

    async def counted(work: object) -> object:
        def works(tx: Transaction) -> object:
            before = database._conn.total_changes
            result = work(tx)  # type: ignore[operator]
            bites.append(database._conn.total_changes - before)
            return result

        return await unit(works)

    database.unit = counted  # type: ignore[method-assign,assignment]
    await keeper.tidy()
    return bites
