"""The search is retrained after staff change articles, and cached vectors are not computed again."""

import asyncio
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest

from bot.knowledge import KnowledgeBase, reloading
from bot.knowledge.refit import SearchRefit
from bot.knowledge.reloading import ReloadingKnowledgeBase
from bot.knowledge.search import embeddings
from bot.knowledge.search.embeddings import ClassifierHead, Floats
from bot.knowledge.search.vectors import VectorCache
from bot.knowledge.training import fit
from bot.messages.catalog import LANGUAGES
from tests.unit.bot.knowledge.test_articles import ARTICLE, FACTS, TABLES
from tests.unit.bot.knowledge.test_embeddings import PHRASES, CornerEncoder
from tests.unit.bot.knowledge.test_reloading import write


class CountingEncoder(CornerEncoder):
    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, texts: Sequence[str]) -> Floats:
        self.texts += texts
        return super().encode(texts)


# --- vectors ---


def test_only_new_phrases_are_embedded(tmp_path: Path) -> None:
    model, file = CountingEncoder(), tmp_path / "vectors.npz"
    cache = VectorCache("one")
    first_head = fit.build(PHRASES, model, lambda *_: None, cache)
    cache.write(file, [text for _, text in PHRASES])
    assert sorted(model.texts) == ["a1", "a2", "b1", "b2", "c1", "c2"]

    progress: list[tuple[int, int]] = []
    again = fit.build(
        [*PHRASES, ("first", "a3")],
        model,
        lambda done, total: progress.append((done, total)),
        VectorCache.read(file, "one"),
    )

    assert model.texts[6:] == ["a3"]
    assert progress == [(7, 7)]
    same = fit.build(PHRASES, model, lambda *_: None, VectorCache.read(file, "one"))
    assert np.array_equal(same.weights, first_head.weights), "the head is the same with and without the cache"
    assert again.fingerprint != first_head.fingerprint


def test_vectors_of_removed_phrases_are_deleted(tmp_path: Path) -> None:
    cache = VectorCache("one")
    cache.put(["a1", "b1", "\ud800"], CornerEncoder().encode(["a1", "b1", "c"]))
    cache.write(tmp_path / "vectors.npz", ["b1"])
    read = VectorCache.read(tmp_path / "vectors.npz", "one")
    assert ("a1" in read, "b1" in read) == (False, True)
    with pytest.raises(KeyError):
        read.rows(["a1"])


@pytest.mark.parametrize("content", [None, b"", b"no archive", b"PK\x03\x04 cut off"])
def test_an_unreadable_file_gives_an_empty_cache(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "vectors.npz"
    if content is not None:
        file.write_bytes(content)
    assert "a1" not in VectorCache.read(file, "one")


def test_vectors_of_another_model_are_ignored(tmp_path: Path) -> None:
    cache = VectorCache("one")
    cache.put(["a1"], CornerEncoder().encode(["a1"]))
    cache.write(tmp_path / "vectors.npz", ["a1"])
    assert "a1" not in VectorCache.read(tmp_path / "vectors.npz", "another")


# --- automatic training ---


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "articles"
    for language in LANGUAGES:
        (folder / language / "faq").mkdir(parents=True)
        for name, text in TABLES.items():
            (folder / language / name).write_text(text, encoding="utf-8")
        (folder / language / "faq" / "lost.md").write_text(ARTICLE, encoding="utf-8")
    return folder


@pytest.fixture
def articles(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReloadingKnowledgeBase:
    heads_folder = tmp_path / "heads"
    monkeypatch.setattr(reloading, "INTERVAL_SECONDS", 0.01)

    def read() -> KnowledgeBase:
        model = embeddings.load(heads_folder, folder)
        return KnowledgeBase.load(LANGUAGES, FACTS, root=folder, classifier=model)

    return ReloadingKnowledgeBase(folder, read, heads_folder)


async def until(is_done: Callable[[], object]) -> None:
    """Poll for the effect of another process."""
    async with asyncio.timeout(120):
        while not is_done():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def refused(_: object) -> None:
    raise AssertionError("no article here is broken")


async def test_the_head_is_trained_and_reloaded_automatically(
    articles: ReloadingKnowledgeBase, folder: Path, tmp_path: Path
) -> None:
    """Uses the real model in a real process."""
    assert not articles.now.is_head_current
    refit = SearchRefit(folder, tmp_path / "heads")
    tasks = [
        asyncio.create_task(articles.run(refused)),
        asyncio.create_task(articles.retrain_when_changed(refit)),
    ]
    await until(lambda: articles.now.is_head_current)
    assert ClassifierHead.read(tmp_path / "heads" / "meaning.npz").fingerprint == articles.now.fingerprint
    for task in tasks:
        task.cancel()


async def test_failing_training_is_tried_once_for_each_change(articles: ReloadingKnowledgeBase, folder: Path) -> None:
    attempts: list[str] = []

    async def build() -> None:
        attempts.append(articles.now.fingerprint)

    tasks = [
        asyncio.create_task(articles.run(refused)),
        asyncio.create_task(articles.retrain_when_changed(build)),
    ]
    await until(lambda: attempts)
    first = articles.now
    write(folder, ARTICLE.replace("lost it", "lost it again"))
    await until(lambda: len(attempts) == 2)
    write(folder, ARTICLE.replace("lost it", "lost it again").replace("Call", "Ring"))
    second = articles.now
    await until(lambda: articles.now not in {first, second})  # the text of an answer is not a phrasing
    assert len(set(attempts)) == len(attempts) == 2
    for task in tasks:
        task.cancel()


async def test_failing_training_is_logged_with_its_reason(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.rmtree(folder / "zh")
    await SearchRefit(folder, tmp_path / "heads")()
    assert "training the search failed" in caplog.text
    (record,) = [each for each in caplog.records if hasattr(each, "why")]
    assert "zh/faq" in record.why


async def test_cancelling_kills_the_training_process(folder: Path, tmp_path: Path) -> None:
    task = asyncio.create_task(SearchRefit(folder, tmp_path / "heads")())
    await until(training_processes)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: not training_processes())


def training_processes() -> list[str]:
    """Return the command lines of our training processes."""
    own = Path("/proc/self/task").glob("*/children")
    numbers = [number for each in own for number in each.read_text().split()]
    lines = [Path(f"/proc/{number}/cmdline") for number in numbers]
    return [line.read_text() for line in lines if line.exists() and "build" in line.read_text()]
