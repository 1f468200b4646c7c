from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.unit.ca.bureau import Bureau, copy_of


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("outside")
    Bureau(folder).authority.close()
    return folder


@pytest.fixture
def bureau(template: Path, tmp_path: Path) -> Iterator[Bureau]:
    bureau = Bureau(copy_of(template, tmp_path / "authority"))
    yield bureau
    bureau.authority.close()
