"""Metrics while a part is broken: what can be read is there, and what is missing is reported."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import Request

from bot.core.clock import SystemClock
from bot.core.tasks import TaskSupervisor
from bot.issuing.port import ListAge, Status
from bot.monitoring import routes
from bot.monitoring.meter import Meter
from bot.monitoring.readiness import Readiness
from bot.monitoring.routes import MonitoringRoutes, Sources
from bot.storage.database import Transaction

T = TypeVar("T")


class Broken:
    async def look(self, _work: Callable[[Transaction], T]) -> T:
        raise OSError("gone")

    async def counts(self) -> dict[Status, int]:
        raise LookupError("a broken ledger")

    async def list_ages(self) -> tuple[ListAge, ...]:
        await asyncio.Event().wait()
        return ()


def asked(host: str | None, **headers: str) -> Request:
    lines = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
    client = (host, 5) if host else None
    return Request({"type": "http", "method": "GET", "path": "/metrics", "headers": lines, "client": client})


def watch(broken: Broken, token: str = "") -> MonitoringRoutes:
    return MonitoringRoutes(Readiness({}), Sources(broken, broken, Meter(), SystemClock()), token, TaskSupervisor())


async def test_what_is_broken_hides_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "PART_SECONDS", 0.01)

    answer = await watch(Broken())._metrics(asked("127.0.0.1"))

    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    text = bytes(answer.body).decode()
    found = {family.name: family.samples for family in text_string_to_metric_families(text)}
    missing = {each.labels["part"]: each.value for each in found["reissue_figures_missing"]}
    assert missing == {"desk": 1.0, "certificates": 1.0, "lists": 1.0}
    assert "reissue_api_calls" in found


@pytest.mark.parametrize(
    ("host", "status"),
    [("127.0.0.1", 200), ("127.9.9.9", 200), ("::1", 200), ("10.0.0.5", 403), ("192.0.2.1", 403),
     ("testclient", 403), (None, 403)],
)  # fmt: skip
async def test_without_a_token_only_this_machine_is_answered(
    monkeypatch: pytest.MonkeyPatch, host: str | None, status: int
) -> None:
    monkeypatch.setattr(routes, "PART_SECONDS", 0.01)
    assert (await watch(Broken())._metrics(asked(host))).status_code == status


async def test_with_a_token_this_machine_needs_it_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routes, "PART_SECONDS", 0.01)
    guarded = watch(Broken(), "a-token-of-the-test_0123456789")
    assert (await guarded._metrics(asked("127.0.0.1"))).status_code == 401
    right = asked("192.0.2.1", Authorization="Bearer a-token-of-the-test_0123456789")
    assert (await guarded._metrics(right)).status_code == 200
