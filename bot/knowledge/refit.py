"""Retrains the search after staff change articles, in a low-priority process of its own."""

import asyncio
import logging
import sys
from pathlib import Path

from bot.knowledge.search.embeddings import HEAD_FILE

logger = logging.getLogger(__name__)

MAX_LOGGED_ERROR = 300


class SearchRefit:
    """Uses another process, because training takes minutes and a thread would delay customers."""

    def __init__(self, articles: Path, heads_folder: Path) -> None:
        self._articles = articles
        self._heads_folder = heads_folder

    async def __call__(self) -> None:
        """Return when training has succeeded or failed. Cancelling kills the process."""
        await asyncio.to_thread(self._heads_folder.mkdir, parents=True, exist_ok=True, mode=0o700)
        logger.info("training the search on the changed articles")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "faq", "build", "--patiently"),
            *("--articles", str(self._articles), "--to", str(self._heads_folder / HEAD_FILE)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, stderr = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            why = stderr.decode(errors="replace").strip()[-MAX_LOGGED_ERROR:]
            logger.error("training the search failed; changes are found by n-grams", extra={"why": why})
