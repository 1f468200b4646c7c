"""The authority's own tests once more, with its keys in a token: `python -m tests.judges.softhsm` (G18).

Left out are the tests of key files, since there are none then.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.support.token import token_server

FOLDER = "tests/unit/ca"
ABOUT_KEY_FILES = (
    "ceremonies/test_ceremony.py",
    "ceremonies/test_rollover.py",
    "ledger/test_released.py",
    "keys/test_token.py",
)


def main() -> int:
    left_out = [f"--ignore={FOLDER}/{name}" for name in ABOUT_KEY_FILES]
    with tempfile.TemporaryDirectory() as folder, token_server(Path(folder) / "token") as token:
        named = f"{token.module}|{token.label}|{token.pin_file}"
        command = [sys.executable, "-m", "pytest", "-n", "0", FOLDER, *left_out, *sys.argv[1:]]
        return subprocess.run(command, env=os.environ | {"CA_TESTS_TOKEN": named}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
