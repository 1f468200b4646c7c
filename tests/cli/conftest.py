import csv
import os
import shutil
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from bot.__main__ import main
from bot.identity.register import COLUMNS, CustomerRecord
from handlers.local import LocalMessenger
from tests.support.command import program
from tests.support.customers import AN, GILDONG
from tests.support.single_customer import messenger_of_one

Program = Callable[..., CompletedProcess[str]]


def write_register(path: Path, *records: CustomerRecord, **changes: str) -> Path:
    """Write the bank's file; `changes` go into the last row."""
    rows = [{name: str(getattr(record, name)) for name in COLUMNS} for record in records]
    rows[-1] |= changes
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.fixture(scope="session")
def branch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a register and an authority, as the first commands of an installation leave it."""
    folder = tmp_path_factory.mktemp("branch")
    file = write_register(folder / "customers.csv", GILDONG, AN)
    assert program("customers", "import", str(file), folder=folder).returncode == 0
    assert program("ca", "init", folder=folder).returncode == 0
    return folder


@pytest.fixture
def at_branch(branch: Path) -> Program:
    return lambda *arguments, **settings: program(*arguments, folder=branch, **settings)


@pytest.fixture
def anew(tmp_path: Path) -> Program:
    """An empty folder."""
    return lambda *arguments, **settings: program(*arguments, folder=tmp_path, **settings)


@pytest.fixture
def inside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Program:
    """The same in this process, for tables of cases: a start takes a second."""
    for name in [name for name in os.environ if name.startswith("REISSUE_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def run(*arguments: str, **settings: str) -> CompletedProcess[str]:
        for name, value in settings.items():
            monkeypatch.setenv(f"REISSUE_{name}", value)
        with pytest.raises(SystemExit) as ended:
            main(arguments)
        said = capfd.readouterr()
        assert isinstance(ended.value.code, int)
        return CompletedProcess(arguments, ended.value.code, said.out, said.err)

    return run


def is_explained(ended: CompletedProcess[str], code: int, *parts: str) -> None:
    """Assert that it failed with this code and one line that a person can act on."""
    assert ended.returncode == code, ended.stderr
    lines = [line for line in ended.stderr.splitlines() if not line.startswith("made ")]
    assert len(lines) == 1, ended.stderr
    assert "Traceback" not in ended.stderr
    for part in parts:
        assert part in lines[0]


@pytest.fixture
async def world() -> AsyncIterator[LocalMessenger]:
    async with messenger_of_one() as made:
        yield made


@pytest.fixture
def place(branch: Path, tmp_path: Path) -> Path:
    """A copy of the data, for a bot that writes into it."""
    shutil.copytree(branch / "data", tmp_path / "data")
    return tmp_path
