import asyncio
import logging

import pytest

from bot.core.tasks import TaskSupervisor


async def forever() -> None:
    await asyncio.Event().wait()


async def fails() -> None:
    raise LookupError("broken")


async def test_the_end_of_every_task_is_told(caplog: pytest.LogCaptureFixture) -> None:
    ends: list[tuple[str, BaseException | None]] = []
    supervisor = TaskSupervisor(lambda name, error: ends.append((name, error)))
    supervisor.start("sleep", asyncio.sleep(0))
    supervisor.start("fails", fails())
    supervisor.start("forever", forever())
    await asyncio.sleep(0.01)
    assert {name: type(error) for name, error in ends} == {"sleep": type(None), "fails": LookupError}
    assert supervisor.running == ("forever",)
    assert [record.task for record in caplog.records if record.levelno == logging.ERROR] == ["fails"]  # type: ignore[attr-defined]
    assert await supervisor.stop(1) == ()
    assert ends[-1] == ("forever", None)


async def test_a_task_may_clean_up_within_the_grace() -> None:
    done: list[str] = []

    async def tidy() -> None:
        try:
            await forever()
        finally:
            await asyncio.sleep(0.02)
            done.append("tidied")

    supervisor = TaskSupervisor()
    supervisor.start("tidy", tidy())
    await asyncio.sleep(0)
    assert await supervisor.stop(1) == ()
    assert done == ["tidied"]


async def test_who_does_not_end_is_named(caplog: pytest.LogCaptureFixture) -> None:
    release = asyncio.Event()

    async def stubborn() -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    supervisor = TaskSupervisor()
    task = supervisor.start("stubborn", stubborn())
    await asyncio.sleep(0)
    assert await supervisor.stop(0.02) == ("stubborn",)
    assert "did not end" in caplog.text
    release.set()
    await task


async def test_nothing_starts_after_the_stop() -> None:
    supervisor = TaskSupervisor()
    await supervisor.stop(0)
    with pytest.raises(RuntimeError, match="late"):
        supervisor.start("late", forever())
    assert supervisor.running == ()


async def test_an_error_while_stopping_is_told() -> None:
    ends: list[type | None] = []
    supervisor = TaskSupervisor(lambda _name, error: ends.append(type(error)))

    async def breaks_on_the_way_out() -> None:
        try:
            await forever()
        finally:
            raise LookupError

    supervisor.start("x", breaks_on_the_way_out())
    await asyncio.sleep(0)
    await supervisor.stop(1)
    assert ends == [LookupError]
