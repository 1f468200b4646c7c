"""What a command imports: only its own wing, so that it starts fast."""

import subprocess
import sys
from importlib import import_module

import pytest

from bot.__main__ import MODULES, OWN, parser
from bot.cli.errors import EXPLAINED

#: Each of these takes a tenth of a second or more to import.
HEAVY = {"telegram", "aiohttp", "httpx", "starlette", "uvicorn", "numpy", "pkilint"}


@pytest.mark.parametrize("command", ["ca", "audit", "customers", "backup", "restore", "run"])
def test_a_command_is_parsed_without_heavy_imports(command: str) -> None:
    program = f"import sys, bot.__main__; bot.__main__.parser({command!r}); print(*sys.modules.keys() & {HEAVY!r})"
    output = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert output.stdout.split() == []


def test_help_lists_every_command() -> None:
    output = parser().format_help().split()
    assert {*OWN, *MODULES} <= set(output)


@pytest.mark.parametrize("name", EXPLAINED)
def test_every_explained_error_exists(name: str) -> None:
    module, _, kind = name.rpartition(".")
    assert issubclass(getattr(import_module(module), kind), Exception)
