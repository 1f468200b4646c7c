"""Runs the harness in a process without threads, because it forks."""

import subprocess
import sys

LONGEST = 300
"""Seconds."""


def harness(*options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "tests.crash.authority", *options]
    return subprocess.run(command, capture_output=True, text=True, timeout=LONGEST, check=False)
