"""The search is fitted to what staff changed by itself, and a text whose vector is known is not thought of again."""

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
from tests.unit.bot.knowledge.test_embeddings import PHRASES, Corners
from tests.unit.bot.knowledge.test_reloading import write


class Counting(Corners):
    def __init__(self) -> None:
        self.texts: list[str] = []

    def encode(self, texts: Sequence[str]) -> Floats:
        self.texts += texts
        return super().encode(texts)


# --- vectors ---


def test_only_what_is_new_is_thought_of(tmp_path: Path) -> None:
    model, file = Counting(), tmp_path / "vectors.npz"
    kept = VectorCache("one")
    whole = fit.build(PHRASES, model, lambda *_: None, kept)
    kept.write(file, [text for _, text in PHRASES])
    assert sorted(model.texts) == ["a1", "a2", "b1", "b2", "c1", "c2"]

    heard: list[tuple[int, int]] = []
    again = fit.build(
        [*PHRASES, ("first", "a3")],
        model,
        lambda done, of: heard.append((done, of)),
        VectorCache.read(file, "one"),
    )

    assert model.texts[6:] == ["a3"]
    assert heard == [(7, 7)]
    same = fit.build(PHRASES, model, lambda *_: None, VectorCache.read(file, "one"))
    assert np.array_equal(same.weights, whole.weights), "with vectors kept or made, the head is the same"
    assert again.fingerprint != whole.fingerprint


def test_what_nobody_asks_any_more_is_forgotten(tmp_path: Path) -> None:
    kept = VectorCache("one")
    kept.put(["a1", "b1", "\ud800"], Corners().encode(["a1", "b1", "c"]))
    kept.write(tmp_path / "vectors.npz", ["b1"])
    read = VectorCache.read(tmp_path / "vectors.npz", "one")
    assert ("a1" in read, "b1" in read) == (False, True)
    with pytest.raises(KeyError):
        read.rows(["a1"])


@pytest.mark.parametrize("content", [None, b"", b"no archive", b"PK\x03\x04 cut off"])
def test_a_file_that_is_none_means_no_vectors(tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "vectors.npz"
    if content is not None:
        file.write_bytes(content)
    assert "a1" not in VectorCache.read(file, "one")


def test_vectors_of_another_model_are_none(tmp_path: Path) -> None:
    kept = VectorCache("one")
    kept.put(["a1"], Corners().encode(["a1"]))
    kept.write(tmp_path / "vectors.npz", ["a1"])
    assert "a1" not in VectorCache.read(tmp_path / "vectors.npz", "another")


# --- when a head is made ---


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
    heads = tmp_path / "heads"
    monkeypatch.setattr(reloading, "INTERVAL_SECONDS", 0.01)

    def read() -> KnowledgeBase:
        model = embeddings.load(heads, folder)
        return KnowledgeBase.load(LANGUAGES, FACTS, root=folder, meaning=model)

    return ReloadingKnowledgeBase(folder, read, heads)


async def until(look: Callable[[], object]) -> None:
    """Wait for what another process does, which rings no bell."""
    async with asyncio.timeout(120):
        while not look():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def refused(_: object) -> None:
    raise AssertionError("nothing here is broken")


async def test_the_head_is_made_anew_by_itself_and_taken_up(
    articles: ReloadingKnowledgeBase, folder: Path, tmp_path: Path
) -> None:
    """With the real model, in the real process."""
    assert not articles.now.is_head_current
    fitting = SearchRefit(folder, tmp_path / "heads")
    tasks = [asyncio.create_task(articles.run(refused)), asyncio.create_task(articles.fit(fitting))]
    await until(lambda: articles.now.is_head_current)
    assert ClassifierHead.read(tmp_path / "heads" / "meaning.npz").fingerprint == articles.now.fingerprint
    for task in tasks:
        task.cancel()


async def test_a_head_that_cannot_be_made_is_tried_once_for_each_change(
    articles: ReloadingKnowledgeBase, folder: Path
) -> None:
    tried: list[str] = []

    async def build() -> None:
        tried.append(articles.now.fingerprint)

    tasks = [asyncio.create_task(articles.run(refused)), asyncio.create_task(articles.fit(build))]
    await until(lambda: tried)
    first = articles.now
    write(folder, ARTICLE.replace("lost it", "lost it again"))
    await until(lambda: len(tried) == 2)
    write(folder, ARTICLE.replace("lost it", "lost it again").replace("Call", "Ring"))
    second = articles.now
    await until(lambda: articles.now not in {first, second})  # an answer's words are no way of asking for it
    assert len(set(tried)) == len(tried) == 2
    for task in tasks:
        task.cancel()


async def test_a_build_that_fails_says_why(
    folder: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    shutil.rmtree(folder / "zh")
    await SearchRefit(folder, tmp_path / "heads")()
    assert "training the search failed" in caplog.text
    (record,) = [each for each in caplog.records if hasattr(each, "why")]
    assert "zh/faq" in record.why


async def test_a_build_ends_with_us(folder: Path, tmp_path: Path) -> None:
    task = asyncio.create_task(SearchRefit(folder, tmp_path / "heads")())
    await until(children)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await until(lambda: not children())


def children() -> list[str]:
    """Return the processes of ours that make a head now."""
    own = Path("/proc/self/task").glob("*/children")
    numbers = [number for each in own for number in each.read_text().split()]
    lines = [Path(f"/proc/{number}/cmdline") for number in numbers]
    return [line.read_text() for line in lines if line.exists() and "build" in line.read_text()]
