"""Where the time of one certificate goes: the own time of the functions of each stage."""

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

from ca.asn1 import vid
from ca.certificates import lint, tbs
from ca.issuance.issuance import Issuance
from ca.keys.signer import SoftSigner
from ca.ledger.group_commit import GroupCommit
from ca.ledger.ledger import Transaction
from ca.ledger.vault import Vault
from ca.requests import key_rules

REST = "the rest: orders, dates, records"
#: The stages of issuing, by functions that do nothing else.
STAGES: dict[str, tuple[tuple[Any, str], ...]] = {
    "gate": ((key_rules, "check_size"), (key_rules, "check_key")),
    "to-be-signed bytes": ((tbs, "leaf_tbs"), (vid, "identify_data")),
    "lint": ((lint, "findings"),),
    "sign": ((SoftSigner, "sign"),),
    "verify": ((Issuance, "_compare"),),
    "seal and open": ((Vault, "seal"), (Vault, "open")),
    "audit: lines, chain, tree, row hashes": ((Transaction, "audit"), (Transaction, "attest")),
    "SQL": ((Transaction, "_execute"),),
    "begin, commit and its wait for the disk": ((GroupCommit, "_begin"), (GroupCommit, "_commit")),
}


class Watch:
    def __init__(self) -> None:
        self._spent: Counter[str] = Counter()
        self._mine = threading.local()

    def around(self, stage: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """Return the call with its own time added to the stage, without the time of stages inside it."""

        def timed(*arguments: Any, **named: Any) -> Any:
            above, self._mine.within, began = getattr(self._mine, "within", 0.0), 0.0, time.perf_counter()
            try:
                return call(*arguments, **named)
            finally:
                took = time.perf_counter() - began
                self._spent[stage] += took - self._mine.within
                self._mine.within = above + took

        return timed

    def shares(self, whole: float, rest: str = REST) -> list[tuple[str, float]]:
        """Return the seconds of each stage, the longest first, and the rest."""
        return [*self._spent.most_common(), (rest, whole - self._spent.total())]


@contextmanager
def watched() -> Iterator[Watch]:
    watch = Watch()
    with ExitStack() as patches:
        for stage, places in STAGES.items():
            for owner, name in places:
                patches.enter_context(patch.object(owner, name, watch.around(stage, getattr(owner, name))))
        yield watch
