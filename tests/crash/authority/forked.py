"""Runs work in a forked process that may die. Its result comes back in a file.

The parent has no threads and no open ledger, so that the child inherits nothing half done.
"""

import json
import os
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Broken(Exception):
    """A child ended in another way than by finishing or by the planned kill."""


def child(work: Callable[[], Any], told: Path) -> Any:
    """Return the result of the work (JSON), or None if the child was killed."""
    told.unlink(missing_ok=True)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            told.write_text(json.dumps({"well": work()}))
            code = 0
        except BaseException:  # noqa: BLE001 - told, whatever it is
            told.write_text(json.dumps({"why": traceback.format_exc()[-2000:]}))
        finally:
            os._exit(code)
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return None
    found = json.loads(told.read_text())
    if "why" in found:
        raise Broken(found["why"])
    return found["well"]
