"""The passphrase of the authority's keys: a file that only we can read, made at the first start."""

import os
import secrets
from pathlib import Path


def read_passphrase(path: Path) -> tuple[bytes, bool]:
    """Return the passphrase in this file, and whether it was made just now (mode 0600)."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes().strip(), False
    passphrase = secrets.token_urlsafe(32).encode()
    with os.fdopen(handle, "wb") as file:
        file.write(passphrase)
        file.flush()
        os.fsync(file.fileno())
    return passphrase, True
