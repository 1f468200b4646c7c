"""What a process used, read from outside, and the result of one round."""

import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass, fields
from pathlib import Path

TICK_S = 1 / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, slots=True)
class Figures:
    """One bot in one round."""

    updates_per_s: float
    customers_per_s: float
    p50_ms: float
    p95_ms: float
    p99_ms: float
    cpu_ms: float  #: Processor time of the bot's process, per update.
    calls: float  #: Bot API calls per update, without polling.
    units: float  #: Units of work in the database, per update.
    commits: float  #: Waits for the disk, per update.
    kib: float  #: Bytes on disk, per customer.
    peak_mib: float
    server: float  #: Share of one processor that the messenger and its customers use; near 1 they are what is measured.


def medians(rounds: Sequence[Figures]) -> Figures:
    return Figures(*(statistics.median(getattr(each, field.name) for each in rounds) for field in fields(Figures)))


def percentile_ms(spans: Sequence[float], share: float) -> float:
    ordered = sorted(spans)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] * 1e3


def cpu_seconds(pid: int) -> float:
    """User and system time of all threads."""
    after_name = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(after_name[11]) + int(after_name[12])) * TICK_S


def peak_mib(pid: int) -> float:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")) / 1024


def bytes_in(folder: Path) -> int:
    """Zero if there is no such folder."""
    return sum(each.stat().st_size for each in folder.rglob("*") if each.is_file())
