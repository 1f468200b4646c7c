from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.outside import django_ca
from tests.outside.django_ca import DjangoCa
from tests.support.authority import SmallAuthority, copy_of


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("outside")
    SmallAuthority(folder).authority.close()
    return folder


@pytest.fixture
def small_ca(template: Path, tmp_path: Path) -> Iterator[SmallAuthority]:
    small_ca = SmallAuthority(copy_of(template, tmp_path / "authority"))
    yield small_ca
    small_ca.authority.close()


@pytest.fixture(scope="session")
def django(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DjangoCa]:
    """One process for all tests: each has a holder and keys of its own."""
    place = django_ca.made(tmp_path_factory.mktemp("django") / "ca")
    with place.serving():
        yield place
