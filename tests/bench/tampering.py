"""Changes one thing in a small ledger, as somebody with access to the file may, and checks whether it is found."""

import random
import sqlite3
import time
from collections import Counter
from contextlib import closing, suppress
from pathlib import Path

from ca import Authority, CaRefusal, LedgerBroken, Reason
from ca.values.model import AuditHead
from tests.support.authority import SmallAuthority, enrolment, request

#: Left out: counters that may only be too high (`crl_number`, `journal`, which the journal outside holds), and what
#: other checks at the start hold (`meta` except the secret of the codes).
TABLES = (
    "audit", "audit_node", "intent", "certificate", "enrolment", "act", "crl", "delegate", "issuer", "day",
)  # fmt: skip
KINDS = ("flip", "flip", "flip", "delete", "swap", "truncate", "double")


def busy(small_ca: SmallAuthority) -> AuditHead:
    """Make a short history of everything, and return its head, which is kept elsewhere."""
    house = small_ca.authority
    small_ca.reissue(small_ca.old().serial)
    house.hold(small_ca.old(request_id="h", holder="C-2", number=2).serial, "freeze")
    released = small_ca.old(request_id="l", holder="C-4", number=4)
    house.hold(released.serial, "short")
    house.release(released.serial, "over")
    house.revoke(small_ca.old(request_id="r", holder="C-3", number=3).serial, Reason.KEY_COMPROMISE, "theft")
    opened = house.enrol(enrolment("open", holder="C-5"))
    with suppress(CaRefusal):
        house.redeem(opened.reference, "WRONG", request(5))
    house.enrol(enrolment("void", holder="C-6"))
    house.withdraw("void")
    house.crl()
    house.root_crl()
    house.signed_head()
    assert house.verify_audit().ok, house.verify_audit().problems
    return house.audit_head()


class Thief:
    """Has the file open, with every protection of the database switched off."""

    def __init__(self, path: Path, seed: int) -> None:
        self._random = random.Random(seed)
        self._ledger = sqlite3.connect(path, isolation_level=None)
        self._kept = sqlite3.connect(":memory:")
        for name in ("audit_is_never_changed", "audit_is_never_erased"):
            self._ledger.execute(f"DROP TRIGGER {name}")
        for name in ("audit_node_is_never_changed", "audit_node_is_never_erased"):
            self._ledger.execute(f"DROP TRIGGER {name}")
        self._ledger.execute("PRAGMA foreign_keys=OFF")
        self._ledger.execute("PRAGMA ignore_check_constraints=ON")
        self._ledger.execute("PRAGMA synchronous=OFF")
        self._ledger.backup(self._kept)

    def close(self) -> None:
        self._ledger.close()
        self._kept.close()

    def act(self) -> str:
        """Change one thing, and return what."""
        while True:
            kind, table = self._random.choice(KINDS), self._random.choice(TABLES)
            try:
                told = getattr(self, f"_{kind}")(table)
            except sqlite3.IntegrityError:
                continue  # A change that the file itself refuses.
            if told:
                return f"{kind} {told}"

    def undo(self) -> None:
        self._kept.backup(self._ledger)

    def _row(self, table: str) -> int:
        rows = [row[0] for row in self._ledger.execute(f"SELECT rowid FROM {table}")]
        return self._random.choice(rows)

    def _flip(self, table: str) -> str:
        """Flip one bit of one value."""
        columns = [row[1] for row in self._ledger.execute(f"PRAGMA table_info({table})")]
        column, row = self._random.choice(columns), self._row(table)
        (value,) = self._ledger.execute(f"SELECT {column} FROM {table} WHERE rowid = ?", (row,)).fetchone()
        if isinstance(value, int):
            changed: object = value ^ 1 << self._random.randrange(40)
            written = "?"
        elif value:
            content = bytearray(value.encode() if isinstance(value, str) else value)
            content[self._random.randrange(len(content))] ^= 1 << self._random.randrange(8)
            changed, written = bytes(content), "CAST(? AS TEXT)" if isinstance(value, str) else "?"
        else:
            return ""
        self._ledger.execute(f"UPDATE {table} SET {column} = {written} WHERE rowid = ?", (changed, row))
        return f"{table}.{column}"

    def _delete(self, table: str) -> str:
        self._ledger.execute(f"DELETE FROM {table} WHERE rowid = ?", (self._row(table),))
        return table

    def _swap(self, table: str) -> str:
        """Exchange everything but the keys of two rows, which equals reordering."""
        columns = [row[1] for row in self._ledger.execute(f"PRAGMA table_info({table})") if not row[5]]
        one, other = self._row(table), self._row(table)
        read = f"SELECT {', '.join(columns)} FROM {table} WHERE rowid = ?"
        first, second = (self._ledger.execute(read, (row,)).fetchone() for row in (one, other))
        if first == second:
            return ""
        write = f"UPDATE {table} SET {', '.join(f'{name} = ?' for name in columns)} WHERE rowid = ?"
        self._ledger.execute("BEGIN")
        try:
            if table == "intent":  # Its request ids must be unique at every moment.
                self._ledger.execute("UPDATE intent SET request_id = 'x' WHERE rowid = ?", (one,))
            self._ledger.execute(write, (*first, other))
            self._ledger.execute(write, (*second, one))
        except sqlite3.IntegrityError:
            self._ledger.execute("ROLLBACK")
            raise
        self._ledger.execute("COMMIT")
        return table

    def _truncate(self, table: str) -> str:
        """Delete the last lines of the audit, with their part of the tree."""
        lines = self._ledger.execute("SELECT max(seq) FROM audit").fetchone()[0]
        cut = lines - self._random.randint(1, lines - 1)
        self._ledger.execute("DELETE FROM audit WHERE seq > ?", (cut,))
        if table == "audit_node":
            self._ledger.execute("DELETE FROM audit_node WHERE place >= ?", (2 * cut - cut.bit_count(),))
        return f"to {cut}"

    def _double(self, table: str) -> str:
        """Copy a row, under another key."""
        columns = [row[1] for row in self._ledger.execute(f"PRAGMA table_info({table})")]
        row = list(self._ledger.execute(f"SELECT * FROM {table} WHERE rowid = ?", (self._row(table),)).fetchone())
        row[0] = row[0] + 1000 if isinstance(row[0], int) else row[0] + "0"
        marks = ", ".join("?" * len(columns))
        self._ledger.execute(f"INSERT INTO {table} VALUES ({marks})", row)
        return table


def is_found(authority: Authority, head: AuditHead) -> tuple[bool, bool]:
    """Return whether it is found, and whether a row is named."""
    try:
        report = authority.verify_audit(head)
    except LedgerBroken:
        return True, False
    return not report.ok, bool(report.problems)


def rounds(folder: Path, count: int, seed: int, *, show: bool = True) -> list[str]:
    """Return the changes that were not found."""
    folder.mkdir(parents=True, exist_ok=True)
    small_ca = SmallAuthority(folder)
    head = busy(small_ca)
    missed: list[str] = []
    kinds: Counter[str] = Counter()
    named, began = 0, time.perf_counter()
    with closing(Thief(folder / "ca" / "ledger.sqlite3", seed)) as thief:
        for _ in range(count):
            what = thief.act()
            found, name = is_found(small_ca.authority, head)
            kinds[what.split()[0]] += 1
            named += name
            if not found:
                missed.append(what)
            thief.undo()
        assert small_ca.authority.verify_audit(head).ok
    small_ca.authority.close()
    if show:
        print(f"{count} tamperings ({dict(kinds)}) in {time.perf_counter() - began:.0f} s:")
        print(f"{count - len(missed)} found, {named} with a row named; missed: {Counter(missed)}")
    return missed
