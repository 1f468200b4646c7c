from collections.abc import Iterator
from pathlib import Path

import pytest

from ca.asn1 import pbes
from tests.support.authority import SmallAuthority, copy_of


@pytest.fixture(scope="session")
def cheap_scrypt() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pbes, "SCRYPT_COST", 2)
        patch.setattr(pbes, "SCRYPT_LANES", 1)
        yield


@pytest.fixture(scope="session")
def template(cheap_scrypt: None, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An authority that was opened once, to be copied: making keys is slow."""
    folder = tmp_path_factory.mktemp("template")
    SmallAuthority(folder).authority.close()
    return folder


@pytest.fixture
def small_ca(template: Path, tmp_path: Path) -> Iterator[SmallAuthority]:
    small_ca = SmallAuthority(copy_of(template, tmp_path))
    yield small_ca
    small_ca.authority.close()
