"""What an authority takes from outside: time, random bytes, and a hook for tests."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime


def utc_now() -> datetime:
    return datetime.now(UTC)


def no_hook(step: str) -> None:
    """Do nothing at a step of issuing; tests put a crash here."""


@dataclass(frozen=True, slots=True)
class Environment:
    now: Callable[[], datetime] = utc_now
    entropy: Callable[[int], bytes] = os.urandom
    #: Called with the name of each step of issuing.
    passing: Callable[[str], None] = no_hook
