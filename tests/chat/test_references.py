"""An operator who is given "E-1234" finds every line of the log with it, from every component and thread."""

import io
import json
import logging
import re
from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest

from bot.core.logs import LIBRARIES, configure
from handlers.local.wire.faults import GatewayState as At
from tests.support.customers import GILDONG
from tests.support.local_telegram import TOKEN, Customer, LocalTelegram

Lines = Callable[[], list[dict[str, object]]]


@pytest.fixture
def lines(place: LocalTelegram) -> Iterator[Lines]:
    """Log as `run` does, and return what was written since."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    levels = {name: logging.getLogger(name).level for name in LIBRARIES}
    stream = io.StringIO()
    configure(stream, logging.DEBUG, [TOKEN])
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def about(lines: Lines, request: object) -> list[dict[str, object]]:
    return [line for line in lines() if line.get("request") == request]


async def test_the_reference_on_the_customers_screen_is_in_every_line_about_it(
    place: LocalTelegram, gildong: Customer, lines: Lines, monkeypatch: pytest.MonkeyPatch
) -> None:
    await gildong.person.starts()
    await gildong.sees("card.idle")

    def breaks(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(place.app.engine.cases, "receive", breaks)
    await gildong.says("안녕")
    for _ in range(5):
        await place.until(lambda: place.messenger.stats.pending == 0)
        await place.later(timedelta(seconds=30))

    seen = await gildong.reads("error.internal")

    told = re.search(r"E-\d+", seen.text)
    assert told
    found = [(line["logger"], line["message"]) for line in about(lines, told[0])]
    assert found.count(("handlers.telegram.processor", "update failed")) == 5
    assert found.count(("bot.engine.cases", "update parked")) == 1, "written on the database's thread"
    assert await place.rows(f"SELECT COUNT(*) FROM outbox WHERE reference = '{told[0]}'") == [(2,)]


async def test_what_an_update_led_to_carries_it_on(place: LocalTelegram, gildong: Customer, lines: Lines) -> None:
    """A tap orders a job; the job fails, then refuses; and nobody accepts the text message about it."""
    place.authority.hold(place.serials[GILDONG.customer_id], "held")
    await gildong.applies(GILDONG)
    place.messenger.faults.sms = At.REJECT
    perform, tries = place.app.engine.job_runner._job_handlers.perform, []

    async def fails_once(job: object) -> object:
        tries.append(job)
        if len(tries) == 1:
            raise LookupError("the first time")
        return await perform(job)  # type: ignore[arg-type]

    place.app.engine.job_runner._job_handlers.perform = fails_once  # type: ignore[method-assign, assignment]
    await gildong.taps("button.submit")
    await place.until(lambda: tries)
    await place.later(timedelta(seconds=30))
    await gildong.sees("notice.refused")

    ((update,),) = await place.rows("SELECT MAX(update_id) FROM inbox")

    def found() -> set[tuple[str, str]]:
        return {(line["logger"], line["message"]) for line in about(lines, f"E-{update}")}

    # The chat has a lane of its own, and may be served before the gateway has refused.
    await place.until(lambda: {("bot.engine.job_runner", "job failed"), ("bot.engine.sender", "given up")} <= found())


async def test_what_nobody_handles_has_no_reference(place: LocalTelegram, lines: Lines) -> None:
    logging.getLogger("bot.engine.retention").warning("between updates")

    (line,) = [line for line in lines() if line["message"] == "between updates"]

    assert "request" not in line
