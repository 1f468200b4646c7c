"""What a campaign of kills counts, and the line that reports it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from statistics import median

import ca
from tests.crash.invariants import Verdict


@dataclass
class Tally:
    kills: int = 0
    seconds: float = 0.0
    #: Seconds from the fork until updates are taken.
    starts: list[float] = field(default_factory=list)
    #: Hard stops of the server: seconds from its return to the next step of any customer.
    recoveries: list[float] = field(default_factory=list)
    #: Jumps of a process's wall clock.
    jumps: int = 0
    #: Seconds from one screen to the next one that asked for something, over all crashes in between.
    waits: list[float] = field(default_factory=list)
    halfway: dict[str, str] = field(default_factory=dict)
    head: ca.AuditHead | None = None
    faults: int = 0
    updates: int = 0
    delivered: int = 0
    failed_starts: int = 0
    problems: list[str] = field(default_factory=list)
    verdict: Verdict = field(default_factory=Verdict)

    @property
    def ok(self) -> bool:
        return not self.problems and self.verdict.ok

    def __str__(self) -> str:
        v = self.verdict
        cut_off = v.repeated - v.unheard
        share = 100 * cut_off / max(1, v.notices)
        waits = sorted(self.waits) or [0.0]
        stops = f"hard stops of the server {len(self.recoveries)}, {_spread('back at work after', self.recoveries)}; "
        return (
            f"kills {self.kills} in {self.seconds:.0f} s; requests {v.requests}, certificates {v.certificates}, "
            f"lost {v.lost}, doubled {v.doubled}, never told {v.never_told}; "
            f"notices and files {v.notices}, repeated {v.repeated}, "
            f"of which {v.unheard} after lost replies and {cut_off} after kills ({share:.1f} %); "
            f"{_spread('restart to ready', self.starts)}; {stops if self.recoveries else ''}"
            f"{f'jumps of a clock {self.jumps}; ' if self.jumps else ''}"
            f"a customer's wait between two screens: median {median(waits):.2f} s, "
            f"99 % {waits[int(len(waits) * 0.99)]:.1f} s, max {waits[-1]:.1f} s; "
            f"signatures cut off {len(self.halfway)}; faults played {self.faults}, updates {self.updates}, "
            f"delivered {self.delivered}; starts that failed for the weather {self.failed_starts}; "
            f"problems {len(self.problems) + len(v.problems)}"
        )


def _spread(what: str, seconds: Sequence[float]) -> str:
    return f"{what} median {median(seconds):.3f} s, max {max(seconds):.3f} s" if seconds else f"{what} never"
