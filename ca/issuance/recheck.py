"""The nightly check of issued certificates: pkilint sees each once, in the order of their storage."""

from collections.abc import Mapping

from ca.issuance import profile_check
from ca.ledger.ledger import Ledger
from ca.ledger.records import hex_of
from ca.values.validity import KST

RECHECKED = "rechecked"
#: Hours in Korea, and certificates at a time: each takes 17 ms of a processor that customers wait for.
NIGHT, AT_ONCE = range(1, 5), 500


class NightlyRecheck:
    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def at_night(self) -> Mapping[int, tuple[str, ...]]:
        """Check the next few if it is night in Korea; return findings by serial number."""
        with self._ledger.reading() as tx:
            is_night = tx.now.astimezone(KST).hour in NIGHT
        return self.next(AT_ONCE) if is_night else {}

    def next(self, most: int) -> Mapping[int, tuple[str, ...]]:
        """Check the next ones; the position is stored, and the audit names certificates with findings."""
        with self._ledger.reading() as tx:
            row = tx.one("get_meta", name=RECHECKED)
            rows = list(tx.all("certificates_from", after=int(row["value"]) if row else 0, most=most))
            read = {row["serial"]: tx.open(row["der"], "certificate", "der", row["serial"]) for row in rows}
        found = {int(serial, 16): profile_check.findings(each) for serial, each in read.items()}
        wrong = {serial: codes for serial, codes in found.items() if codes}
        if rows:
            with self._ledger.transaction() as tx:
                tx.run("set_meta", name=RECHECKED, value=str(rows[-1]["rowid"]).encode())
                serials = " ".join(hex_of(serial) for serial in wrong)
                tx.audit("rechecked", "pkilint", "", count=len(rows), wrong=serials)
        return wrong
