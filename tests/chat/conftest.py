from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.support.people import AN, GILDONG, persona
from tests.support.town import Customer, Town, authority_template, town


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authority_template(tmp_path_factory.mktemp("authority"), [GILDONG, AN])


@pytest.fixture
async def place(template: Path, tmp_path: Path) -> AsyncIterator[Town]:
    personas = [persona(GILDONG, 101), persona(AN, 104, "en")]
    async with town(template, tmp_path / "data", [GILDONG, AN], personas) as made:
        yield made


@pytest.fixture
def gildong(place: Town) -> Customer:
    return place.customer(101)


@pytest.fixture
def an(place: Town) -> Customer:
    return place.customer(104, "en")
