"""What a command loads: a start pays for its own rooms, and for no other's."""

import subprocess
import sys
from importlib import import_module

import pytest

from bot.__main__ import MODULES, OWN, parser
from bot.cli.errors import EXPLAINED

#: The messenger's library, the web and the model's arithmetic: each a tenth of a second and more.
HEAVY = {"telegram", "aiohttp", "httpx", "starlette", "uvicorn", "numpy", "pkilint"}


@pytest.mark.parametrize("command", ["ca", "audit", "customers", "backup", "restore", "run"])
def test_a_command_is_known_before_anything_heavy_is_loaded(command: str) -> None:
    program = (
        f"import sys, bot.__main__; bot.__main__.parser({command!r}); print(*sys.modules.keys() & {HEAVY!r})"
    )
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert told.stdout.split() == []


def test_every_command_is_told_to_whoever_asks_for_help() -> None:
    told = parser().format_help().split()
    assert {*OWN, *MODULES} <= set(told)


@pytest.mark.parametrize("name", EXPLAINED)
def test_every_error_that_is_explained_is_there(name: str) -> None:
    module, _, kind = name.rpartition(".")
    assert issubclass(getattr(import_module(module), kind), Exception)
