import os
from collections.abc import AsyncIterator, Iterator
from functools import cache
from pathlib import Path

import pytest

from bot.knowledge import KnowledgeBase
from bot.knowledge.search import embeddings
from ca.keys import signer
from tests.support import postgres_server as postgres
from tests.support.customers import AN, GILDONG, persona
from tests.support.local_telegram import Customer, LocalTelegram, authority_template, local_telegram


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return authority_template(tmp_path_factory.mktemp("authority"), [GILDONG, AN])


OPEN_ONCE = cache(signer.open_key_file)


@pytest.fixture(scope="module", autouse=True)
def keys_opened_once() -> Iterator[None]:
    """Share the opened keys: scrypt is slow on purpose, and every test opens the same two keys."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(signer, "open_key_file", OPEN_ONCE)
        yield


READ = KnowledgeBase.load
READ_MODEL = embeddings.load


@cache
def model_once() -> embeddings.TopicClassifier | None:
    return READ_MODEL()


@cache
def read_once(languages: tuple[str, ...], facts: tuple[tuple[str, str], ...]) -> KnowledgeBase:
    return READ(languages, dict(facts), classifier=model_once())


@pytest.fixture(scope="module", autouse=True)
def knowledge_read_once() -> Iterator[None]:
    """Load the knowledge base once: it never changes, and reading it takes longer than most of these tests.

    For one file of tests at a time: tests of other folders may run in the same worker and read it their own way.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(
            KnowledgeBase,
            "load",
            lambda languages, facts, root, classifier: read_once(tuple(languages), tuple(facts.items())),  # noqa: ARG005
        )
        patch.setattr(embeddings, "load", lambda *_folders: model_once())
        yield


@pytest.fixture(scope="session")
def server_address() -> Iterator[str]:
    """A PostgreSQL server for the tests that need one."""
    with postgres.place() as folder, postgres.server(folder) as address:
        yield address


@pytest.fixture
def engine(request: pytest.FixtureRequest) -> dict[str, str]:
    """The settings of the database. `DESK_ENGINE=postgres` runs all these conversations on a server."""
    if os.environ.get("DESK_ENGINE") != "postgres":
        return {}
    return {"DATABASE_URL": postgres.new_database(request.getfixturevalue("server_address"))}


@pytest.fixture
async def place(template: Path, tmp_path: Path, engine: dict[str, str]) -> AsyncIterator[LocalTelegram]:
    personas = [persona(GILDONG, 101), persona(AN, 104, "en")]
    async with local_telegram(template, tmp_path / "data", [GILDONG, AN], personas, **engine) as made:
        yield made


@pytest.fixture
def gildong(place: LocalTelegram) -> Customer:
    return place.customer(101, "ko", GILDONG)


@pytest.fixture
def an(place: LocalTelegram) -> Customer:
    return place.customer(104, "en", AN)


@pytest.fixture(params=["ko", "en"])
def anybody(request: pytest.FixtureRequest, gildong: Customer, an: Customer) -> Customer:
    """A customer in each language."""
    return gildong if request.param == "ko" else an
