"""Inline mode: somebody types `@bot a question` in any chat, and posts the answer that fits.

Nothing of it is stored. What is typed there is half a sentence in somebody else's chat, and an answer that is lost or
late is asked for again with the next letter.
"""

import asyncio
import logging
import re
from typing import Any

import telegram
from telegram import error as errors

from bot.core.tasks import TaskSupervisor
from bot.core.workers import WorkerThreads
from bot.knowledge.answers import AnswerPreview, Answers
from bot.messages.catalog import Catalogs
from bot.messages.screen import Line, Screen
from handlers.telegram.bot_api.update import InlineQuery, Malformed, parsed_query
from handlers.telegram.events import FAQ
from handlers.telegram.render import render

logger = logging.getLogger(__name__)

#: `answerInlineQuery` takes 50 results at once.
PAGE = 20
#: Ours, as `next_offset` says it.
OFFSET = "[0-9]{1,9}"
#: Seconds for which Telegram may repeat an answer. It depends on the person's language.
CACHE_SECONDS = 300
#: A look-up takes tens of milliseconds of a processor, and customers in the chat come first.
AT_ONCE = 2


class InlineAnswers:
    def __init__(
        self,
        bot: telegram.Bot,
        answers: Answers,
        catalogs: Catalogs,
        tasks: TaskSupervisor,
        workers: WorkerThreads,
    ) -> None:
        self._bot = bot
        self._answers = answers
        self._catalogs = catalogs
        self._tasks = tasks
        self._workers = workers
        self._turns = asyncio.Semaphore(AT_ONCE)
        #: The newest query of each person who waits: typing on replaces the older query.
        self._newest: dict[int, str] = {}

    def takes(self, update: dict[str, Any]) -> bool:
        """Whether this update was an inline query; it is then answered, and there is nothing to store."""
        if not isinstance(update.get("inline_query"), dict):
            return False
        try:
            query = parsed_query(update["inline_query"])
        except Malformed:
            logger.warning("an inline query cannot be read")
            return True
        self._newest[query.sender.id] = query.id
        self._tasks.start("inline", self._answer(query))
        return True

    async def _answer(self, query: InlineQuery) -> None:
        person = query.sender.id
        async with self._turns:
            if self._newest.get(person) != query.id:
                return
            del self._newest[person]
            language = self._catalogs.nearest(query.sender.language_code)
            found = await self._workers.of(self._answers.search, query.query, language)
        begin = int(query.offset) if re.fullmatch(OFFSET, query.offset) else 0
        try:
            await self._bot.answer_inline_query(
                query.id,
                [self._result(each, language) for each in found[begin : begin + PAGE]],
                cache_time=CACHE_SECONDS,
                is_personal=True,
                next_offset=str(begin + PAGE) if begin + PAGE < len(found) else "",
                button=telegram.InlineQueryResultsButton(
                    self._catalogs.text(language, Line("inline.chat" if found else "inline.unknown")),
                    start_parameter=FAQ,
                ),
            )
        except errors.TelegramError as error:
            logger.info("an inline query was not answered", extra={"error": type(error).__name__})

    def _result(self, entry: AnswerPreview, language: str) -> telegram.InlineQueryResultArticle:
        """Without buttons: in somebody else's chat nobody is a customer of ours."""
        posted = render(Screen(entry.lines), self._catalogs, language)
        content = telegram.InputTextMessageContent(
            posted.text, entities=telegram.MessageEntity.de_list(posted.entities, None)
        )
        return telegram.InlineQueryResultArticle(entry.topic, entry.title, content, description=entry.summary)
