"""Staff edit articles on disk: valid changes are loaded, broken ones are refused and the previous articles stay."""

import asyncio
import os
from pathlib import Path

import pytest

from bot.knowledge import ArticleBroken, KnowledgeBase, reloading
from bot.knowledge.reloading import ReloadingKnowledgeBase
from tests.unit.bot.knowledge.test_articles import ARTICLE, FACTS, TABLES


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "en" / "faq").mkdir(parents=True)
    for name, text in TABLES.items():
        (tmp_path / "en" / name).write_text(text, encoding="utf-8")
    write(tmp_path, ARTICLE)
    return tmp_path


@pytest.fixture
def articles(folder: Path) -> ReloadingKnowledgeBase:
    return ReloadingKnowledgeBase(folder, lambda: KnowledgeBase.load(("en",), FACTS, root=folder))


def write(folder: Path, text: str) -> None:
    """Write the file with a new modification time, even within one clock tick."""
    file = folder / "en" / "faq" / "lost.md"
    before = file.stat().st_mtime_ns if file.exists() else 0
    file.write_text(text, encoding="utf-8")
    os.utime(file, ns=(before + 10**9, before + 10**9))


def answer(articles: ReloadingKnowledgeBase) -> str:
    return articles.now.article("lost", "en").answer


def test_unchanged_articles_are_not_reloaded(articles: ReloadingKnowledgeBase) -> None:
    first = articles.now
    assert not any(articles.reload_if_changed() for _ in range(3))
    assert articles.now is first


def test_a_change_is_loaded_when_two_checks_agree(articles: ReloadingKnowledgeBase, folder: Path) -> None:
    write(folder, ARTICLE.replace("Call", "Ring"))
    assert not articles.reload_if_changed()  # the file may be half written
    assert answer(articles) == "Call 1234."
    assert articles.reload_if_changed()
    assert answer(articles) == "Ring 1234."
    assert not articles.reload_if_changed()


def test_a_broken_article_is_reported_once_and_can_be_fixed(articles: ReloadingKnowledgeBase, folder: Path) -> None:
    write(folder, ARTICLE.replace('title = "Lost"', 'title = "Lost'))
    articles.reload_if_changed()
    with pytest.raises(ArticleBroken, match=r"en/faq/lost\.md:\d+: "):
        articles.reload_if_changed()
    assert answer(articles) == "Call 1234."
    assert not articles.reload_if_changed()
    write(folder, ARTICLE.replace("Call", "Ring"))
    articles.reload_if_changed()
    articles.reload_if_changed()
    assert answer(articles) == "Ring 1234."


def test_a_new_head_is_loaded(articles: ReloadingKnowledgeBase, folder: Path) -> None:
    first = articles.now
    (folder / "meaning.npz").write_bytes(b"a head")
    articles.reload_if_changed()
    assert articles.reload_if_changed()
    assert articles.now is not first


def test_an_article_can_be_added_and_deleted(articles: ReloadingKnowledgeBase, folder: Path) -> None:
    more = folder / "en" / "faq" / "found.md"
    more.write_text(ARTICLE.replace('"lost"', '"found"', 1), encoding="utf-8")
    articles.reload_if_changed()
    articles.reload_if_changed()
    assert articles.now.topics() == ("found", "lost")
    more.unlink()
    articles.reload_if_changed()
    articles.reload_if_changed()
    assert articles.now.topics() == ("lost",)


async def test_editors_are_notified_of_each_broken_change(
    articles: ReloadingKnowledgeBase, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reloading, "INTERVAL_SECONDS", 0)
    reports: asyncio.Queue[ArticleBroken] = asyncio.Queue()
    running = asyncio.create_task(articles.run(reports.put))
    write(folder, "no front matter")
    broken = await asyncio.wait_for(reports.get(), 10)
    assert (broken.file, broken.line) == ("en/faq/lost.md", 1)
    write(folder, "still none")
    assert (await asyncio.wait_for(reports.get(), 10)).file == "en/faq/lost.md"
    running.cancel()
    assert reports.empty()
