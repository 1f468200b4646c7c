"""The wheel: everything that the program needs is in it, so that it runs without the repository."""

import os
import re
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from bot import __version__
from tests.support.command import ROOT, START_SECONDS
from tests.support.local_telegram import TOKEN


def clean_environment() -> dict[str, str]:
    """Return the environment without our settings, and without a path to the repository."""
    return {
        name: value for name, value in os.environ.items() if not name.startswith(("REISSUE_", "PYTHON", "COVERAGE"))
    }


def execute(*command: str | Path, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(each) for each in command],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=START_SECONDS,
        check=False,
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    ended = execute(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, folder=ROOT)
    assert ended.returncode == 0, ended.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the `bin` folder of an environment that has this wheel, and finds its dependencies in the tests' own.

    A path in a `.pth` file is searched for packages, but its own `.pth` files are not read: the editable install of
    the repository is not found that way.
    """
    folder = tmp_path_factory.mktemp("installed")
    venv.create(folder, symlinks=True)
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(folder), "platbase": str(folder)}))
    (packages / "dependencies.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    pip = (sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "--disable-pip-version-check")
    ended = execute(*pip, "install", "--no-deps", "--no-index", "--no-compile", wheel, folder=folder)
    assert ended.returncode == 0, ended.stderr
    return folder / "bin"


def test_the_program_comes_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    program = "import bot, ca, handlers, locales, sys; print(*(m.__file__ for m in (bot, ca, handlers, locales)))"
    ended = execute(installed / "python", "-c", program, folder=tmp_path)
    assert ended.returncode == 0, ended.stderr
    assert all(Path(each).is_relative_to(installed.parent) for each in ended.stdout.split())


def test_it_says_its_version_and_its_commands(installed: Path, tmp_path: Path) -> None:
    version = execute(installed / "reissue-bot", "--version", folder=tmp_path)
    assert (version.returncode, version.stdout) == (0, f"reissue-bot {__version__}\n")
    assert re.fullmatch(r"\d+\.\d+\.\d+", __version__), "Semantic Versioning"
    usage = execute(installed / "reissue-bot", "--help", folder=tmp_path)
    assert usage.returncode == 0
    assert "doctor" in usage.stdout


def test_doctor_finds_everything_that_comes_with_it(installed: Path, tmp_path: Path) -> None:
    (tmp_path / ".env").write_text(f"REISSUE_TELEGRAM_TOKEN={TOKEN}\n", encoding="utf-8")
    made = execute(installed / "reissue-bot", "ca", "init", folder=tmp_path)
    assert made.returncode == 0, made.stderr
    ended = execute(installed / "reissue-bot", "doctor", folder=tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "NOT WELL" not in ended.stdout


def test_demo_becomes_ready(installed: Path, tmp_path: Path) -> None:
    with subprocess.Popen(
        [installed / "reissue-bot", "demo", "--port", "0", "--no-browser"],
        cwd=tmp_path,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as demo:
        assert demo.stdout
        assert demo.stdout.readline() == "ready\n"
        demo.terminate()
        assert demo.wait(START_SECONDS) == 0
