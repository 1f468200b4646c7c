"""A real django-ca, installed from its own lock into an environment of its own, and run as a process."""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.outside.stock import wait_for
from tests.support.authority_server import free_port

ROOT = Path(__file__).parents[2]
LOCK = ROOT / "requirements-outside.lock"
HERE = Path(__file__).parent / "stock_django"
USER, PASSWORD = "desk", "a-password-for-the-desk-0123456789"


def environment() -> Path:
    """Return its Python; installed once, until the lock changes."""
    cache = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "reissue-bot"
    digest = hashlib.sha256(LOCK.read_bytes() + sys.version.encode()).hexdigest()[:16]
    place = cache / f"django-ca-{digest}"
    if not place.exists():
        cache.mkdir(parents=True, exist_ok=True)
        made = Path(tempfile.mkdtemp(dir=cache))
        venv.create(made, with_pip=True, symlinks=True)
        install = ["-m", "pip", "install", "-q", "--require-hashes", "-r", str(LOCK)]
        subprocess.run([made / "bin" / "python", *install], check=True)
        try:
            made.rename(place)
        except OSError:  # another run of the tests was first
            shutil.rmtree(made)
    return place / "bin" / "python"


@dataclass(frozen=True)
class DjangoCa:
    """One that has its root and a user; it can be stopped and begun again."""

    folder: Path
    python: Path
    port: int

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/"

    @property
    def serial(self) -> str:
        return (self.folder / "serial").read_text().strip()

    @property
    def trust(self) -> Path:
        return self.folder / "root.pem"

    def run(self, *arguments: str) -> str:
        said = subprocess.run(
            [self.python, *arguments],
            cwd=self.folder,
            env=self.settings,
            capture_output=True,
            text=True,
            check=False,
        )
        assert said.returncode == 0, said.stderr
        return said.stdout

    @property
    def settings(self) -> dict[str, str]:
        return {
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(HERE),
            "DJANGO_SETTINGS_MODULE": "stock_settings",
            "STOCK_FOLDER": str(self.folder),
            "STOCK_USER": USER,
            "STOCK_PASSWORD": PASSWORD,
        }

    def switch(self, *, on: bool) -> None:
        """Let the REST interface of its authority answer or not, as its staff may."""
        self.run(str(HERE / "switch.py"), "on" if on else "off")

    @contextmanager
    def serving(self) -> Iterator[None]:
        with (self.folder / "said.txt").open("ab") as said:
            process = subprocess.Popen(
                [self.python, str(HERE / "serve.py"), str(self.port)],
                cwd=self.folder, env=self.settings, stdout=said, stderr=said,
            )  # fmt: skip
            try:
                wait_for(self.port, process)
                yield
            finally:
                process.kill()
                process.wait()


def made(folder: Path) -> DjangoCa:
    folder.mkdir(parents=True)
    place = DjangoCa(folder, environment(), free_port())
    place.run(str(HERE / "prepare.py"))
    return place
