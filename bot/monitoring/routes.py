"""`/healthz`, `/readyz` and `/metrics` on the web side."""

import asyncio
import hmac
import ipaddress
import logging
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from prometheus_client.metrics_core import Metric
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from bot.core.clock import Clock
from bot.core.tasks import TaskSupervisor
from bot.issuing.port import Status, Watched
from bot.monitoring import exposition
from bot.monitoring.cached import Cached
from bot.monitoring.checks import HealthChecks
from bot.monitoring.figures import desk_figures
from bot.monitoring.meter import Meter
from bot.monitoring.readiness import Readiness

logger = logging.getLogger(__name__)

#: Seconds; Prometheus gives up on a scrape after ten.
PART_SECONDS = 3.0
#: Ten requests a second cost as much as one.
READY_SECONDS = 1.0
#: Counting the revoked among millions takes a moment, and nobody needs it every second.
COUNTS_SECONDS = 60.0
#: A request through a proxy is not from this machine, although the proxy may be.
FORWARDED = ("Forwarded", "X-Forwarded-For", "X-Real-IP", "Via")


@dataclass(frozen=True, slots=True)
class Sources:
    """Where metrics come from."""

    reader: HealthChecks
    authority: Watched | None
    meter: Meter
    clock: Clock


class MonitoringRoutes:
    def __init__(self, readiness: Readiness, sources: Sources, token: str, tasks: TaskSupervisor) -> None:
        self._checks = Cached(readiness.ask, READY_SECONDS, tasks)
        self._counts = Cached(self._counted, COUNTS_SECONDS, tasks)
        self._sources = sources
        self._token = token

    @property
    def routes(self) -> list[Route]:
        return [
            Route("/healthz", self._health),
            Route("/readyz", self._ready),
            Route("/metrics", self._metrics),
        ]

    async def _health(self, _request: Request) -> Response:
        return PlainTextResponse("ok\n", headers={"Cache-Control": "no-store"})

    async def _ready(self, _request: Request) -> Response:
        checks = await self._checks.get()
        content = {each.name: {"ok": each.ok, "why": each.why} for each in checks}
        status = HTTPStatus.OK if all(each.ok for each in checks) else HTTPStatus.SERVICE_UNAVAILABLE
        return JSONResponse(content, status, headers={"Cache-Control": "no-store"})

    async def _metrics(self, request: Request) -> Response:
        refused = self._refused(request)
        if refused is not None:
            return refused
        text = exposition.text(await self._families())
        return Response(text, media_type=None, headers={"Content-Type": exposition.CONTENT_TYPE})

    def _refused(self, request: Request) -> Response | None:
        if self._token:
            given = request.headers.get("Authorization", "")
            if hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
                return None
            return Response(status_code=HTTPStatus.UNAUTHORIZED, headers={"WWW-Authenticate": "Bearer"})
        return None if _is_here(request) else Response(status_code=HTTPStatus.FORBIDDEN)

    async def _families(self) -> Iterable[Metric]:
        """A part that cannot be read now is left out and reported as missing; the others are there."""
        parts: dict[str, Callable[[], Awaitable[Iterator[Metric]]]] = {"desk": self._desk}
        if self._sources.authority is not None:
            parts |= {"certificates": self._certificates, "lists": self._lists}
        families = [*self._sources.meter.registry.collect()]
        families += exposition.readiness_families(await self._checks.get())
        missing = dict.fromkeys(("desk", "certificates", "lists"), False)
        for name, part in parts.items():
            try:
                async with asyncio.timeout(PART_SECONDS):
                    families += await part()
            except Exception as error:  # noqa: BLE001 — a broken ledger is no reason to hide the queues
                logger.warning("figures missing", extra={"part": name, "error": type(error).__name__})
                missing[name] = True
        return [*families, *exposition.missing_families(missing)]

    async def _desk(self) -> Iterator[Metric]:
        now = self._sources.clock.now()
        return exposition.desk_families(await self._sources.reader.look(lambda tx: desk_figures(tx, now)))

    async def _certificates(self) -> Iterator[Metric]:
        return exposition.certificate_families(await self._counts.get())

    async def _counted(self) -> Mapping[Status, int]:
        assert self._sources.authority is not None
        return await self._sources.authority.counts()

    async def _lists(self) -> Iterator[Metric]:
        assert self._sources.authority is not None
        return exposition.list_families(await self._sources.authority.list_ages())


def _is_here(request: Request) -> bool:
    if request.client is None or any(name in request.headers for name in FORWARDED):
        return False
    try:
        return ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False
