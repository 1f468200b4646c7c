"""Throw malicious PKIMessages at the authority, and say what came of it.

`python -m tests.hostile.cmp --count 100000` ends with 1 unless none was accepted but what had been asked honestly
before, nothing but an answer came out, 99 of 100 were answered within 10 ms, and the authority knows nothing more than
before but refusals.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from ca.asn1.tlv import Tlv, sequence
from ca.cmp import message
from ca.cmp.bodies import Failure, Status
from ca.cmp.message import Kind, Message
from tests.hostile import cmp_envelopes, cmp_requests
from tests.hostile.cmp_world import World

KINDS = cmp_envelopes.KINDS | cmp_requests.KINDS
BUDGET = 0.010
#: So many messages between two looks at the ledger.
ROUND = 250


@dataclass
class Tally:
    """What came of the messages."""

    refused: Counter[str] = field(default_factory=Counter)
    """By the failure that was told."""
    repeated: int = 0
    """Answered with what was asked honestly before."""
    accepted: Counter[str] = field(default_factory=Counter)
    """By kind."""
    crashed: Counter[str] = field(default_factory=Counter)
    """By kind and exception."""
    changed: int = 0
    """Looks at the ledger that found something new."""
    told: set[str] = field(default_factory=set)
    """Lines of the audit, by kind."""
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """By kind."""

    def at(self, share: float, kind: str | None = None) -> float:
        kinds = [self.seconds[kind]] if kind else self.seconds.values()
        spent = sorted(each for some in kinds for each in some)
        return spent[min(int(share * len(spent)), len(spent) - 1)]

    @property
    def is_safe(self) -> bool:
        return not (self.accepted or self.crashed or self.changed or self.told - {"rejected"})

    @property
    def holds(self) -> bool:
        return self.is_safe and self.at(0.99) < BUDGET


def attack(world: World, count: int, seed: int, kinds: Sequence[str] = tuple(KINDS)) -> Tally:
    """Send so many messages, of each kind in turn. The same seed makes the same choices under fresh keys."""
    chance, tally, state = Random(seed), Tally(), world.state()
    for number in range(count):
        kind = kinds[number % len(kinds)]
        _one(world, kind, KINDS[kind](world, chance), tally)
        if number % ROUND == ROUND - 1 or number == count - 1:
            before, state = state, world.state()
            tally.changed += before != state
    tally.told = world.told()
    return tally


def _one(world: World, kind: str, data: bytes, tally: Tally) -> None:
    begin = time.perf_counter()
    try:
        answer = world.authority.cmp(data)
    except Exception as error:  # noqa: BLE001 - whatever escapes is what is looked for
        tally.crashed[f"{kind}: {error!r}"[:200]] += 1
        return
    finally:
        tally.seconds[kind].append(time.perf_counter() - begin)
    told = message.read(answer)
    failure = failure_of(told)
    if failure is not None:
        tally.refused[failure] += 1
    elif world.is_replay(data):
        tally.repeated += 1
    else:
        tally.accepted[kind] += 1


#: Where in the body the PKIStatusInfo stands.
PLACES: dict[Kind, Callable[[list[Tlv]], Tlv]] = {
    Kind.ERROR: lambda body: body[0],
    Kind.RP: lambda body: sequence(body[0].encoded)[0],
}


def failure_of(told: Message) -> str | None:
    """Return the failure that an answer tells, or nothing if it says yes."""
    if told.kind in {Kind.PKICONF, Kind.GENP}:
        return None
    place = PLACES.get(told.kind, lambda body: sequence(sequence(body[-1].encoded)[0].encoded)[1])
    status, *rest = sequence(place(sequence(told.body)).encoded)
    if status.content != bytes([Status.REJECTION]):
        return None
    octets = rest[-1].content[1:]
    (bit,) = [at for at in range(8 * len(octets)) if octets[at // 8] & 0x80 >> at % 8]
    return Failure(bit).name


def main() -> int:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--count", type=int, default=100_000)
    arguments.add_argument("--seed", type=int, default=1)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        world = World(Path(folder))
        tally = attack(world, chosen.count, chosen.seed)
        sound = world.authority.verify_audit().ok
        refusals = world.refusals()
        world.close()
    _report(tally, chosen.count)
    print(f"audit: {refusals} lines more, of kinds {sorted(tally.told)}; sound: {sound}")
    return 0 if tally.holds and sound else 1


def _report(tally: Tally, count: int) -> None:
    print(
        f"messages {count}, accepted {tally.accepted.total()} (and {tally.repeated} that honest people had sent), "
        f"crashed {tally.crashed.total()}, changes in the ledger {tally.changed}"
    )
    p50, p99, worst = tally.at(0.5), tally.at(0.99), tally.at(1)
    print(f"seconds to answer: p50 {p50:.6f}, p99 {p99:.6f}, longest {worst:.6f}")
    for kind in sorted(tally.seconds, key=lambda kind: -tally.at(0.99, kind)):
        print(f"  {kind}: p50 {tally.at(0.5, kind):.6f}, p99 {tally.at(0.99, kind):.6f}")
    for what, counter in (
        ("refused", tally.refused),
        ("accepted", tally.accepted),
        ("crashed", tally.crashed),
    ):
        for name, times in counter.most_common(40):
            print(f"  {what} {name}: {times}")


if __name__ == "__main__":
    sys.exit(main())
