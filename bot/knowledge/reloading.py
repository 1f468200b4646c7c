"""The knowledge base as it is on disk now: what staff change is taken up, and what they break is refused."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from bot.knowledge.articles.article import ArticleBroken
from bot.knowledge.base import KnowledgeBase
from bot.knowledge.search.embeddings import HEAD

logger = logging.getLogger(__name__)

EVERY_SECONDS = 2.0

Signature = frozenset[tuple[str, int, int]]


class ReloadingKnowledgeBase:
    """Holds the last knowledge base that could be read. Raises `ArticleBroken` at once if the first cannot."""

    def __init__(self, folder: Path, read: Callable[[], KnowledgeBase], heads: Path | None = None) -> None:
        """`heads` is a folder of ours for a head, beside the one of the articles."""
        self._folder = folder
        self._heads = heads or folder
        self._read = read
        self._known = self._before = self._signature()
        self.now = read()

    async def run(self, refused: Callable[[ArticleBroken], Awaitable[None]]) -> None:
        """Look now and then until cancelled; whoever keeps the articles is told of one that is refused."""
        while True:
            await asyncio.sleep(EVERY_SECONDS)
            try:
                await asyncio.to_thread(self.look)
            except ArticleBroken as error:
                logger.error("a changed article is refused, the former stay", extra={"why": str(error)})  # noqa: TRY400
                await refused(error)
            except OSError as error:  # a file went away while it was read: the next look sees what is there
                logger.warning("the articles could not be read", extra={"why": str(error)})

    async def fit(self, build: Callable[[], Awaitable[None]]) -> None:
        """Have a head made whenever there is none of just these articles, until cancelled; once for the same ones.

        Until it is there, what changed is found by its spelling.
        """
        tried = ""
        while True:
            if not self.now.fits and self.now.made_of != tried:
                tried = self.now.made_of
                await build()
            await asyncio.sleep(EVERY_SECONDS)

    def look(self) -> bool:
        """Read anew if files changed and rest again; return whether they were. Raise `ArticleBroken` once a change.

        A file that is being written is broken for a moment, so a change counts when the next look finds it as it was.
        """
        signature, before = self._signature(), self._before
        self._before = signature
        if signature == self._known or signature != before:
            return False
        self._known = signature
        self.now = self._read()
        logger.info("the knowledge base was read anew")
        return True

    def _signature(self) -> Signature:
        found = set()
        articles = (*self._folder.glob("*/faq/*"), *self._folder.glob("*/menus.toml"))
        for file in (*articles, self._folder / HEAD, self._heads / HEAD):
            with suppress(FileNotFoundError):  # gone since the listing, or no head was made
                stat = file.stat()
                found.add((str(file), stat.st_mtime_ns, stat.st_size))
        return frozenset(found)
