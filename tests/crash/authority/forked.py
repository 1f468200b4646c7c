"""Work in a forked process, which may die over it: what it found comes back through a file.

Whoever forks here has neither threads nor an open ledger, so that a child takes nothing half done with it.
"""

import json
import os
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any


class Broken(Exception):
    """A child ended otherwise than by its work or by the kill that was ordered."""


def child(work: Callable[[], Any], told: Path) -> Any:
    """Return what the work returned, as JSON keeps it, or None if the child was killed."""
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
