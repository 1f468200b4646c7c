"""Dies at every step of an operation and at every step of the restart after it, then checks the result.

`python -m tests.crash.authority --every issue reissue` (or `all`).
"""

import shutil
import time
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path

from ca import Authority, CaRefusal
from tests.crash.authority.forked import Broken, child
from tests.crash.authority.invariants import Look, Signed, keys_of, look, problems
from tests.crash.authority.mutants import plant
from tests.crash.authority.operations import ACTS, Act, Things
from tests.crash.authority.steps import Steps
from tests.support.authority import HOLDER, SETTINGS, Clock, SmallAuthority, key

#: Far more steps than any operation has: stops a harness that counts wrongly.
MOST_STEPS = 2000
REPEATED_AFTER = timedelta(hours=1)


@dataclass
class Tally:
    act: str
    deaths: int = 0
    deaths_in_restart: int = 0
    states: set[str] = field(default_factory=set)
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.act}: died at {self.deaths} steps, and at {self.deaths_in_restart} of the restarts after them; "
            f"{len(self.states)} states were left, problems {len(self.problems)} ({self.seconds:.1f} s)"
        )


class Scene:
    """One operation on copies of one prepared folder."""

    def __init__(self, folder: Path, act: Act, mutant: str | None = None, *, reads: bool, restarts: bool) -> None:
        for number in (0, 1):
            key(number)  # Made once, before the forks.
        self.tally = Tally(act.name)
        self._act = act
        self._mutant = mutant
        self._reads, self._restarts = reads, restarts
        self._told, self._ready, self._dead = folder / "told", folder / "ready", folder / "dead"
        self._again = folder / "again"
        self._ready.mkdir(parents=True)
        self._things: Things = child(self._prepare, self._told)

    def play(self) -> Tally:
        began = time.monotonic()
        for step in range(1, MOST_STEPS):
            _copy(self._ready, self._dead)
            ended = child(partial(self._die, step), self._told)
            self._check(f"{self._act.name} at step {step}")
            if ended is not None or (self._mutant and self.tally.problems):
                break
            self.tally.deaths += 1
        self.tally.seconds = time.monotonic() - began
        return self.tally

    def _check(self, where: str) -> None:
        """Check what is left, and let a restart finish it. For a state not seen before, die in the restart too."""
        _copy(self._dead, self._again)
        self._judged(where)
        _copy(self._dead, self._again)  # Reading lets SQLite recover its files.
        state = look(self._again / "ca").state
        if state in self.tally.states:
            return
        self.tally.states.add(state)
        for step in range(1, MOST_STEPS if self._restarts else 1):
            _copy(self._dead, self._again)
            if child(partial(self._restart, step), self._told) is not None:
                break
            self.tally.deaths_in_restart += 1
            self._judged(f"{where}, restarted, at step {step}")

    def _judged(self, where: str) -> None:
        try:
            found = child(lambda: self._judge(self._again), self._told)
        except Broken as why:
            found = [f"the restart broke: {why}"]
        self.tally.problems += [f"{where}: {each}" for each in found]

    # What follows runs in child processes.

    def _small_ca(self, folder: Path, steps: Steps, later: timedelta) -> SmallAuthority:
        clock = Clock()
        clock.now += later
        steps.watch()
        plant(self._mutant)
        return SmallAuthority(folder, clock, replace(SETTINGS, journal=folder / "journal"))

    def _prepare(self) -> Things:
        small_ca = self._small_ca(self._ready, Steps(self._ready / "signed"), timedelta())
        things = self._act.prepare(small_ca)
        small_ca.authority.close()
        return things

    def _die(self, step: int) -> bool:
        steps = Steps(self._dead / "signed", step, reads=self._reads)
        small_ca = self._small_ca(self._dead, steps, self._act.later)
        steps.begin()
        self._act.do(small_ca.authority, self._things)
        return True

    def _restart(self, step: int) -> bool:
        steps = Steps(self._again / "signed", step, reads=self._reads)
        steps.begin()
        self._small_ca(self._again, steps, self._act.later + REPEATED_AFTER)
        steps.end()
        return True

    def _judge(self, folder: Path) -> list[str]:
        """Return what is wrong with the state that was left, with the restart, and with repeating the request."""
        issuers = keys_of(folder / "ca")
        found = [f"left: {each}" for each in self._wrong(folder, look(folder / "ca"), issuers)]
        small_ca = self._small_ca(folder, Steps(folder / "signed"), self._act.later + REPEATED_AFTER)
        authority = small_ca.authority
        resumed = look(folder / "ca")
        found += [f"restarted: {each}" for each in self._wrong(folder, resumed, issuers)]
        found += [f"restarted: {each}" for each in _audit(authority)]
        found += ["restarted: an intent is left unfinished"] if resumed.unfinished else []
        found += self._repeat(authority)
        again = look(folder / "ca")
        found += [f"repeated: {each}" for each in self._wrong(folder, again, issuers)]
        found += [f"repeated: {each}" for each in _audit(authority)]
        if again.statuses(HOLDER) != self._act.after:
            found.append(f"repeated: the holder's are {again.statuses(HOLDER)}")
        signed = Signed(folder / "signed", issuers)
        counts = {
            "certificate": (signed.of("certificate"), len(again.rows)),
            "authority": (signed.of("authority"), 1 + len(authority.issuers)),
        }
        found += [f"repeated: {a} of kind {kind} signed for {b}" for kind, (a, b) in counts.items() if a != b]
        return found

    def _wrong(self, folder: Path, seen: Look, issuers: frozenset[str]) -> list[str]:
        found = list(problems(seen, Signed(folder / "signed", issuers)))
        if seen.statuses(HOLDER) not in {self._act.before, self._act.after}:
            found.append(f"the holder's are {seen.statuses(HOLDER)}")
        return found

    def _repeat(self, authority: Authority) -> list[str]:
        try:
            first = self._act.do(authority, self._things)
        except CaRefusal as refusal:
            return [f"asked again it refuses with {refusal}"]
        known = {record.serial: record.der for record in authority.certificates(HOLDER)}
        second = self._act.do(authority, self._things)
        same = known == {record.serial: record.der for record in authority.certificates(HOLDER)}
        return [] if same and first == second else [f"asked again it answers {second}, not {first}"]


def _audit(authority: Authority) -> list[str]:
    return [f"the audit: {each}" for each in authority.verify_audit().problems]


def _copy(source: Path, to: Path) -> None:
    shutil.rmtree(to, ignore_errors=True)
    shutil.copytree(source, to)


def enumerate_acts(folder: Path, names: list[str], mutant: str | None, *, reads: bool, restarts: bool) -> list[str]:
    """Run these operations, or all; print how each went, and return the problems."""
    found: list[str] = []
    for name in ACTS if names == ["all"] else names:
        tally = Scene(folder / name, ACTS[name], mutant, reads=reads, restarts=restarts).play()
        print(tally, flush=True)
        found += tally.problems
    return found
