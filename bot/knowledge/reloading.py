"""Reloads the knowledge base when staff change articles, and refuses articles that cannot be read."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from bot.knowledge.articles.article import ArticleBroken
from bot.knowledge.base import KnowledgeBase
from bot.knowledge.search.embeddings import HEAD_FILE

logger = logging.getLogger(__name__)

INTERVAL_SECONDS = 2.0

Signature = frozenset[tuple[str, int, int]]


class ReloadingKnowledgeBase:
    """Holds the last knowledge base that could be read. Raises `ArticleBroken` if the first one cannot be read."""

    def __init__(self, folder: Path, read: Callable[[], KnowledgeBase], heads_folder: Path | None = None) -> None:
        """`heads_folder` may hold a classifier head, as may the folder of the articles."""
        self._folder = folder
        self._heads_folder = heads_folder or folder
        self._read = read
        self._loaded = self._previous = self._signature()
        self.now = read()

    async def run(self, refused: Callable[[ArticleBroken], Awaitable[None]]) -> None:
        """Check for changes until cancelled. `refused` reports an article that cannot be read."""
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            try:
                await asyncio.to_thread(self.reload_if_changed)
            except ArticleBroken as error:
                logger.error("an article is refused; the previous ones stay", extra={"why": str(error)})  # noqa: TRY400
                await refused(error)
            except OSError as error:  # a file was deleted while it was read; the next check sees the result
                logger.warning("the articles could not be read", extra={"why": str(error)})

    async def retrain_when_changed(self, build: Callable[[], Awaitable[None]]) -> None:
        """Train a head whenever none matches the articles, until cancelled. Try once for each change.

        Until the head exists, changes are found by n-grams.
        """
        attempted = ""
        while True:
            if not self.now.is_head_current and self.now.fingerprint != attempted:
                attempted = self.now.fingerprint
                await build()
            await asyncio.sleep(INTERVAL_SECONDS)

    def reload_if_changed(self) -> bool:
        """Return whether the articles were reloaded. Raise `ArticleBroken` once for each change.

        A file may be half written, so a change is read when two checks in a row find the same files.
        """
        signature, previous = self._signature(), self._previous
        self._previous = signature
        if signature == self._loaded or signature != previous:
            return False
        self._loaded = signature
        self.now = self._read()
        logger.info("the knowledge base was reloaded")
        return True

    def _signature(self) -> Signature:
        found = set()
        articles = (*self._folder.glob("*/faq/*"), *self._folder.glob("*/menus.toml"))
        for file in (*articles, self._folder / HEAD_FILE, self._heads_folder / HEAD_FILE):
            with suppress(FileNotFoundError):  # deleted after the listing, or no head exists
                stat = file.stat()
                found.add((str(file), stat.st_mtime_ns, stat.st_size))
        return frozenset(found)
