"""Kills two processes at random moments, while many holders use all operations.

`python -m tests.crash.authority --kills 1000`.
"""

import json
import math
import os
import random
import select
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

from ca.authority import Authority
from tests.crash.authority import server_process
from tests.crash.authority.certificate_holders import Holder
from tests.crash.authority.forked import child
from tests.crash.authority.invariants import Signed, keys_of, look, problems
from tests.crash.authority.server_process import Task

HOLDERS = 16
DESKS = 2
LONGEST_LIFE = 0.12
"""Seconds from being ready to the kill."""
DIE_OPENING = 0.3
"""The share of those whose life is counted from the fork: many of them die before they are ready."""
STANDSTILL_SECONDS = 30.0


@dataclass
class Tally:
    kills: int = 0
    acts: int = 0
    repeated: int = 0
    certificates: int = 0
    doubled: int = 0
    lost: int = 0
    restarts: list[float] = field(default_factory=list)
    seconds: float = 0.0
    problems: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        starts = sorted(self.restarts) or [0.0]
        return (
            f"kills {self.kills} in {self.seconds:.0f} s; acts {self.acts}, asked again {self.repeated}, "
            f"certificates {self.certificates}; doubled {self.doubled}, lost {self.lost}; "
            f"restart to ready median {median(starts) * 1e3:.0f} ms, max {starts[-1] * 1e3:.0f} ms; "
            f"problems {len(self.problems)}"
        )


@dataclass
class Desk:
    pid: int
    line: socket.socket
    began: float
    dies_at: float
    ready: bool = False
    has: set[str] = field(default_factory=set)
    """Ids of the tasks that it was given."""


@dataclass
class Open:
    """A request that is not answered yet, or is sent again."""

    holder: Holder
    task: Task
    answer: list[str] | None = None


class Storm:
    def __init__(self, folder: Path, seed: int, mutant: str | None = None) -> None:
        self._folder = folder
        self._dice = random.Random(seed)
        self._mutant = mutant
        self._desks: dict[int, Desk] = {}
        self._holders = [Holder(f"h{number}", random.Random(seed * 1000 + number)) for number in range(HOLDERS)]
        self._open: dict[str, Open] = {}
        self._lists = 0
        self._heard = time.monotonic()
        self.tally = Tally()

    def play(self, kills: int) -> Tally:
        began = time.monotonic()
        folder = self._folder
        folder.mkdir(exist_ok=True)
        child(lambda: server_process.opened(folder).close(), folder / "told")
        while self.tally.kills < kills and not self._stands_still():
            self._turn(kill=True, invite=True)
        while self._open and not self._stands_still():
            self._turn(kill=False, invite=False)
        for number in list(self._desks):
            self._kill(number)
        self.tally.seconds = time.monotonic() - began
        told = child(self._judge, folder / "told")
        self.tally.certificates, self.tally.doubled, self.tally.lost = told[:3]
        self.tally.problems += told[3]
        return self.tally

    def _stands_still(self) -> bool:
        if time.monotonic() < self._heard + STANDSTILL_SECONDS:
            return False
        self.tally.problems.append(f"hangs, with {sorted(self._open)} open")
        return True

    def _turn(self, *, kill: bool, invite: bool) -> None:
        for number in range(DESKS):
            if number not in self._desks:
                self._start(number)
        if invite:
            self._invite()
        self._hand_out()
        lines = {each.line: number for number, each in self._desks.items()}
        for line in select.select(list(lines), [], [], 0.005)[0]:
            self._hear(lines[line])
        now = time.monotonic()
        for number, each in list(self._desks.items()):
            if kill and now >= each.dies_at:
                self._kill(number)
                self.tally.kills += 1

    def _start(self, number: int) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        for each in (ours, theirs):
            each.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        pid = os.fork()
        if pid == 0:
            server_process.be_born(
                self._folder, theirs, [ours, *(each.line for each in self._desks.values())], self._mutant
            )
        theirs.close()
        began = time.monotonic()
        early = self._dice.random() < DIE_OPENING
        dies_at = began + self._dice.uniform(0.0, LONGEST_LIFE) if early else math.inf
        self._desks[number] = Desk(pid, ours, began, dies_at)

    def _kill(self, number: int) -> None:
        gone = self._desks.pop(number)
        os.kill(gone.pid, signal.SIGKILL)
        os.waitpid(gone.pid, 0)
        gone.line.close()

    def _invite(self) -> None:
        busy = {each.holder.name for each in self._open.values()}
        for holder in self._holders:
            if holder.name not in busy:
                task = holder.next()
                self._open[task["id"]] = Open(holder, task)
        if not any(each.task["act"] == "crl" for each in self._open.values()):
            self._lists += 1
            known = [serial for holder in self._holders for serial in holder.revoked]
            task = {
                "id": f"list-{self._lists}",
                "act": "crl",
                "revoked": self._dice.sample(known, min(40, len(known))),
            }
            self._open[task["id"]] = Open(Holder("list", self._dice), task)

    def _hand_out(self) -> None:
        """Give each open request to a process, and one in five to both at once."""
        ready = [each for each in self._desks.values() if each.ready]
        for name, each in self._open.items():
            if any(name in one.has for one in ready):
                continue
            chosen = self._dice.sample(ready, min(len(ready), 2 if self._dice.random() < 0.2 else 1))
            for one in chosen:
                one.has.add(name)
                one.line.send(json.dumps(each.task).encode())

    def _hear(self, number: int) -> None:
        one = self._desks[number]
        packet = one.line.recv(server_process.PACKET)
        if not packet:
            self.tally.problems.append("a process ended by itself")
            self._kill(number)
            return
        told, self._heard = json.loads(packet), time.monotonic()
        if "ready" in told:
            one.ready = True
            self.tally.restarts.append(self._heard - one.began)
            one.dies_at = min(one.dies_at, self._heard + self._dice.uniform(0.0, LONGEST_LIFE))
        elif "broke" in told:
            self.tally.problems.append(f"a start broke: {told['broke']}")
        elif told["id"] in self._open:
            one.has.discard(told["id"])
            self._take(self._open[told["id"]], told)

    def _take(self, each: Open, told: dict[str, Any]) -> None:
        name = each.task["id"]
        if "again" in told:
            return
        if "refused" in told:
            self.tally.problems.append(f"{name} {each.task['act']}: refused with {told['refused']}")
            del self._open[name]
            return
        answer = told["answer"]
        if each.answer is not None:
            self.tally.repeated += 1
            if answer != each.answer:
                self.tally.problems.append(f"{name}: another answer to the same request")
        elif self._dice.random() < 0.1 and each.task["act"] != "crl":
            each.answer = answer
            return
        del self._open[name]
        self.tally.acts += 1
        if each.task["act"] == "crl":
            self.tally.problems += [f"{serial} is revoked, and not on the list" for serial in answer]
        each.holder.hear(each.task, answer)

    # In a process of its own, at the end.

    def _judge(self) -> tuple[int, int, int, list[str]]:
        folder = self._folder
        issuers = keys_of(folder / "ca")
        authority = server_process.opened(folder)
        seen, signed = look(folder / "ca"), Signed(folder / "signed", issuers)
        found = list(problems(seen, signed))
        found += authority.verify_audit().problems
        found += ["an intent is left unfinished"] * (seen.unfinished > 0)
        made = signed.of("certificate")
        found += [f"{made} were signed"] * (made != len(seen.rows))
        found += self._differences(seen.last())
        lost = sum(not _is_there(authority, answer) for each in self._holders for answer in each.made.values())
        return len(seen.rows), len(seen.rows) - len({row.request_id for row in seen.rows}), lost, found

    def _differences(self, states: dict[str, tuple[str, str]]) -> Iterator[str]:
        for each in self._holders:
            known = (each.serial, each.state)
            if each.state != "none" and states.get(each.name) != known:
                yield f"{each.name} knows of {known}, the ledger of {states.get(each.name)}"


def _is_there(authority: Authority, answer: list[str]) -> bool:
    record = authority.record(int(answer[0], 16))
    return record is not None and record.der.hex() == answer[1]
