"""Has the search fitted to articles that staff changed, in a process of its own and in its spare time."""

import asyncio
import logging
import sys
from pathlib import Path

from bot.knowledge.search.embeddings import HEAD

logger = logging.getLogger(__name__)

#: How much of what it said is worth a line in the log.
SAID = 300


class SearchRefit:
    """Another process, since it computes for minutes: threads of ours would hold up the customers."""

    def __init__(self, articles: Path, heads: Path) -> None:
        self._articles = articles
        self._heads = heads

    async def __call__(self) -> None:
        """Return when the head is made, or could not be. The process ends with us."""
        await asyncio.to_thread(self._heads.mkdir, parents=True, exist_ok=True, mode=0o700)
        logger.info("the search is being fitted to the articles as they are now")
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", "faq", "build", "--patiently"),
            *("--articles", str(self._articles), "--to", str(self._heads / HEAD)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
        try:
            _, said = await process.communicate()
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            why = said.decode(errors="replace").strip()[-SAID:]
            logger.error(
                "the search could not be fitted; what changed is found by letters", extra={"why": why}
            )
