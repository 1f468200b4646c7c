import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from ca import CaRefusal, LedgerBroken
from ca.ledger import group_commit
from ca.ledger.group_commit import GroupCommit
from ca.ledger.journal import read
from ca.ledger.ledger import Ledger, Transaction
from tests.support.authority import SETTINGS, SmallAuthority

PATIENCE = 10.0


@pytest.fixture
def small_ca(small_ca: SmallAuthority) -> SmallAuthority:
    small_ca.settings = replace(SETTINGS, journal=small_ca.folder / "journal")
    small_ca.restart()
    return small_ca


def put(name: str) -> Callable[[Transaction], None]:
    return lambda tx: tx.run("put_meta", name=name, value=b"")


def refuse(tx: Transaction) -> None:
    put("refused")(tx)
    raise CaRefusal("R15", reason="changed_my_mind")


def give_up(tx: Transaction) -> None:
    """What SQLite does by itself when a disk fails in the middle."""
    tx._connection.execute("ROLLBACK")
    raise sqlite3.OperationalError("disk I/O error")


def together(ledger: Ledger, *acts: Callable[[Transaction], None]) -> list[str]:
    """Have each done in a transaction of its own thread, all of which wait for the first; return how each went."""
    writer, going = ledger._commits, threading.Event()

    def held(tx: Transaction) -> None:
        going.wait(PATIENCE)
        acts[0](tx)

    def run(act: Callable[[Transaction], None]) -> str:
        try:
            with ledger.transaction() as tx:
                act(tx)
        except (CaRefusal, LedgerBroken) as error:
            return type(error).__name__ + " " + str(error)
        return "committed"

    with ThreadPoolExecutor(len(acts)) as pool:
        answers = [pool.submit(run, held)]
        until(lambda: writer._group is not None)
        for number, act in enumerate(acts[1:], 1):
            answers.append(pool.submit(run, act))
            until(lambda number=number: writer._waiting == number)
        going.set()
        return [answer.result(PATIENCE) for answer in answers]


def until(true: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE
    while not true():
        assert time.monotonic() < end
        threading.Event().wait(0.001)


def there(ledger: Ledger, *names: str) -> list[str]:
    with ledger.reading() as tx:
        return [name for name in names if tx.one("get_meta", name=name)]


def test_those_who_waited_share_a_commit(small_ca: SmallAuthority) -> None:
    ledger = small_ca.authority._ledger
    before = ledger.number()
    assert together(ledger, put("a"), put("b"), put("c")) == ["committed"] * 3
    assert ledger.number() == before + 1
    assert there(ledger, "a", "b", "c") == ["a", "b", "c"]


def test_the_journal_has_one_line_for_them_all_in_their_order(small_ca: SmallAuthority) -> None:
    together(small_ca.authority._ledger, put("a"), refuse, put("c"))
    last = list(read(small_ca.folder / "journal", small_ca.vault))[-1]
    assert [values["name"] for _, values in last.writes] == ["a", "c"]


def test_one_that_fails_undoes_its_own_work_only(small_ca: SmallAuthority) -> None:
    ledger = small_ca.authority._ledger
    answers = together(ledger, put("a"), refuse, put("c"))
    assert answers == ["committed", "CaRefusal R15 reason=changed_my_mind", "committed"]
    assert there(ledger, "a", "refused", "c") == ["a", "c"]


def test_the_first_may_fail_too(small_ca: SmallAuthority) -> None:
    ledger = small_ca.authority._ledger
    answers = together(ledger, refuse, put("b"))
    assert answers == ["CaRefusal R15 reason=changed_my_mind", "committed"]
    assert there(ledger, "refused", "b") == ["b"]


def test_when_the_commit_fails_nobody_is_told_that_it_went_well(
    small_ca: SmallAuthority, monkeypatch: pytest.MonkeyPatch
) -> None:
    ledger = small_ca.authority._ledger

    def fail(_: GroupCommit) -> None:
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorname = "SQLITE_IOERR_FSYNC"
        raise error

    with monkeypatch.context() as patch:
        patch.setattr(GroupCommit, "_commit", fail)
        # Also not the one who was refused: what it was refused for may be what was not committed.
        answers = together(ledger, put("a"), refuse, put("c"))
    assert answers == ["CaRefusal R14 reason=ledger_not_available"] * 3
    assert there(ledger, "a", "refused", "c") == []
    assert together(ledger, put("a"), put("c")) == ["committed"] * 2


def test_when_sqlite_gives_up_the_transaction_all_of_it_is_given_up(small_ca: SmallAuthority) -> None:
    ledger = small_ca.authority._ledger
    answers = together(ledger, put("a"), give_up)
    assert answers == ["LedgerBroken the ledger is damaged: disk I/O error"] * 2
    assert there(ledger, "a") == []
    assert together(ledger, put("a")) == ["committed"]


def test_not_too_many_share_a_commit(small_ca: SmallAuthority, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(group_commit, "MOST_TOGETHER", 2)
    ledger = small_ca.authority._ledger
    before = ledger.number()
    assert together(ledger, put("a"), put("b"), put("c"), put("d")) == ["committed"] * 4
    assert ledger.number() == before + 2


def test_nobody_reads_what_is_not_committed(small_ca: SmallAuthority) -> None:
    ledger = small_ca.authority._ledger
    with ledger.transaction() as tx:
        put("a")(tx)
        assert there(ledger, "a") == []
    assert there(ledger, "a") == ["a"]


def test_a_transaction_within_a_transaction_is_told_so(small_ca: SmallAuthority) -> None:
    ledger = small_ca.authority._ledger
    with pytest.raises(RuntimeError, match="within"), ledger.transaction(), ledger.transaction():
        pass
    with ledger.transaction() as tx:
        put("a")(tx)
    assert there(ledger, "a") == ["a"]


def test_closing_waits_for_whoever_writes(small_ca: SmallAuthority, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "other.sqlite3", small_ca.vault, small_ca.clock)
    with ThreadPoolExecutor(1) as pool:
        with ledger.transaction() as tx:
            closing = pool.submit(ledger.close)
            until(lambda: ledger._commits._waiting == 1)
            put("a")(tx)
        closing.result(PATIENCE)
    again = Ledger(tmp_path / "other.sqlite3", small_ca.vault, small_ca.clock)
    assert there(again, "a") == ["a"]
    again.close()
