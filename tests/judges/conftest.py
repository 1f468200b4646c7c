import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from ca import Authority, AuthoritySettings, open_vault
from tests.judges.samples import Exhibits, Judge, history, lay_out


@pytest.fixture(scope="session")
def exhibits(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Exhibits]:
    folder = tmp_path_factory.mktemp("exhibits")
    vault, _ = open_vault(folder / "vault.json")
    settings = AuthoritySettings(root_bits=2048, issuing_bits=2048)
    authority = Authority.open(folder / "ca", b"passphrase", vault, settings=settings)
    key, made = history(authority)
    scene = Exhibits(folder, authority, key, made["new"], made)
    lay_out(scene)
    yield scene
    authority.close()


@pytest.fixture(scope="session")
def judge(exhibits: Exhibits) -> Judge:
    """Run a program among the exhibits; skip, and say so, where it is not installed."""

    def run(program: str, *arguments: str, **options: str) -> subprocess.CompletedProcess[str]:
        beside = Path(sys.executable).with_name(program)
        path = str(beside) if beside.exists() else shutil.which(program)
        if path is None:
            pytest.skip(f"the judge {program} is not installed here")
        return subprocess.run(
            [path, *arguments],
            cwd=exhibits.folder,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            **options,
        )

    return run
