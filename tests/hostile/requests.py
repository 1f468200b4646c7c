"""G7: throw malicious requests at the gate, and say what came of it.

`python -m tests.hostile.requests --count 100000` ends with 1 unless none was accepted, nothing but a refusal escaped,
and 99 of 100 were refused within 10 ms.
"""

import argparse
import sys
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from ca import CaRefusal
from ca.requests.pkcs10 import read_pkcs10
from tests.hostile.corpus import KINDS, own

BUDGET = 0.010


@dataclass
class Tally:
    """What came of the requests."""

    refused: Counter[str] = field(default_factory=Counter)
    """By the reason that was given."""
    accepted: Counter[str] = field(default_factory=Counter)
    """By kind."""
    crashed: Counter[str] = field(default_factory=Counter)
    """By kind and exception."""
    seconds: list[float] = field(default_factory=list)

    def at(self, share: float) -> float:
        return sorted(self.seconds)[min(int(share * len(self.seconds)), len(self.seconds) - 1)]

    @property
    def holds(self) -> bool:
        return not self.accepted and not self.crashed and self.at(0.99) < BUDGET


def attack(count: int, seed: int, kinds: Sequence[str] = tuple(KINDS)) -> Tally:
    """Send so many requests, of each kind in turn. The same seed makes the same choices under fresh keys."""
    chance, tally = Random(seed), Tally()
    taken = frozenset({own().spki})
    for number in range(count):
        kind = kinds[number % len(kinds)]
        _one(kind, KINDS[kind](chance), taken, tally)
    return tally


def _one(kind: str, data: bytes, taken: frozenset[bytes], tally: Tally) -> None:
    begin = time.perf_counter()
    try:
        read_pkcs10(data, taken)
    except CaRefusal as refusal:
        tally.refused[str(refusal.fields["reason"])] += 1
    except Exception as error:  # noqa: BLE001 - whatever escapes is what is looked for
        tally.crashed[f"{kind}: {error!r}"] += 1
    else:
        tally.accepted[kind] += 1
    tally.seconds.append(time.perf_counter() - begin)


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--count", type=int, default=100_000)
    arguments.add_argument("--seed", type=int, default=1)
    chosen = arguments.parse_args()
    tally = attack(chosen.count, chosen.seed)
    print(f"requests {chosen.count}, accepted {tally.accepted.total()}, crashed {tally.crashed.total()}")
    p50, p99, worst = tally.at(0.5), tally.at(0.99), max(tally.seconds)
    print(f"seconds to refuse: p50 {p50:.6f}, p99 {p99:.6f}, longest {worst:.6f}")
    for what, counter in (
        ("refused", tally.refused),
        ("accepted", tally.accepted),
        ("crashed", tally.crashed),
    ):
        for name, times in counter.most_common(40):
            print(f"  {what} {name}: {times}")
    return 0 if tally.holds else 1


if __name__ == "__main__":
    sys.exit(main())
