"""How many `sendMessage` calls per second each transport makes, against a server in another process.

Run it as `python -m tests.bench.transport`; it prints a table, with bare aiohttp as 1.00.
"""

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import time
import types
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import aiohttp
from telegram.request import BaseRequest, HTTPXRequest, RequestData
from telegram.request._requestparameter import RequestParameter

from handlers.telegram.bot_api.transport import AiohttpRequest

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "123456789:bench_" + "x" * 30
FIELDS = {
    "chat_id": 5,
    "text": "인증서 재발급 신청이 접수되었습니다. 접수번호 R-2048.",
    "disable_notification": True,
}
VARIANTS = ("bare aiohttp", "AiohttpRequest", "HTTPXRequest", "HTTPXRequest + sniffio")
CONCURRENCIES = (1, 50, 200)

Call = Callable[[], Awaitable[object]]


class Canned(asyncio.Protocol):
    """Answers every request with the same bytes, so that only the client is measured."""

    BODY = json.dumps(
        {"ok": True, "result": {"message_id": 7, "date": 0, "chat": {"id": 5, "type": "private"}}}
    ).encode()
    ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b" % (
        len(BODY),
        BODY,
    )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._seen = b""

    def data_received(self, data: bytes) -> None:
        self._seen += data
        while (end := self._seen.find(b"\r\n\r\n")) >= 0:
            head = self._seen[:end].lower()
            size = int(head.split(b"content-length:")[1].split(b"\r\n")[0]) if b"content-length:" in head else 0
            if len(self._seen) < end + 4 + size:
                return
            self._seen = self._seen[end + 4 + size :]
            assert isinstance(self._transport, asyncio.Transport)
            self._transport.write(self.ANSWER)


async def serve() -> None:
    server = await asyncio.get_running_loop().create_server(Canned, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


# --- one variant, in a process of its own ---


@dataclass(frozen=True, slots=True)
class Figures:
    per_second: float
    p50_ms: float
    p99_ms: float


async def measured(call: Call, concurrency: int, seconds: float) -> Figures:
    spans: list[float] = []
    end = time.perf_counter() + seconds

    async def one_after_another() -> None:
        while (start := time.perf_counter()) < end:
            await call()
            spans.append(time.perf_counter() - start)

    began = time.perf_counter()
    await asyncio.gather(*(one_after_another() for _ in range(concurrency)))
    took = time.perf_counter() - began
    spans.sort()
    return Figures(len(spans) / took, spans[len(spans) // 2] * 1e3, spans[len(spans) * 99 // 100] * 1e3)


def pretend_sniffio() -> None:
    """Stand in for the package: `httpcore` tries to import it at every call if it is not installed."""
    module = types.ModuleType("sniffio")
    module.current_async_library = lambda: "asyncio"  # type: ignore[attr-defined]
    sys.modules["sniffio"] = module


async def run_variant(name: str, base: str, concurrency: int, seconds: float) -> Figures:
    url = f"{base}/bot{TOKEN}/sendMessage"
    if name == "bare aiohttp":
        return await bare(url, concurrency, seconds)
    request: BaseRequest = AiohttpRequest() if name == "AiohttpRequest" else HTTPXRequest()
    data = RequestData([RequestParameter.from_input(key, value) for key, value in FIELDS.items()])
    async with request:
        await measured(lambda: request.post(url, data), concurrency, seconds / 5)
        return await measured(lambda: request.post(url, data), concurrency, seconds)


async def bare(url: str, concurrency: int, seconds: float) -> Figures:
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session:

        async def call() -> object:
            async with session.post(url, data=urlencode(FIELDS).encode(), headers=form) as answer:
                return json.loads(await answer.read())

        await measured(call, concurrency, seconds / 5)
        return await measured(call, concurrency, seconds)


# --- the whole table ---


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "tests.bench.transport", *arguments]


def ask(*arguments: str) -> str:
    return subprocess.run(command(*arguments), check=True, capture_output=True, text=True, cwd=ROOT).stdout


def table(rounds: int, seconds: float) -> None:
    with subprocess.Popen(command("--serve"), stdout=subprocess.PIPE, text=True, cwd=ROOT) as server:
        try:
            assert server.stdout is not None
            base = f"http://127.0.0.1:{server.stdout.readline().strip()}"
            for concurrency in CONCURRENCIES:
                show(concurrency, all_variants(base, concurrency, rounds, seconds))
        finally:
            server.terminate()


def all_variants(base: str, concurrency: int, rounds: int, seconds: float) -> dict[str, Figures]:
    """Take turns, so that a busy minute of the machine hits all; report the medians."""
    runs: dict[str, list[Figures]] = {name: [] for name in VARIANTS}
    for _ in range(rounds):
        for name in VARIANTS:
            answer = ask(
                "--variant",
                name,
                "--base",
                base,
                "--concurrency",
                str(concurrency),
                "--seconds",
                str(seconds),
            )
            runs[name].append(Figures(**json.loads(answer)))
    return {name: medians(figures) for name, figures in runs.items()}


def medians(runs: list[Figures]) -> Figures:
    columns = zip(*((run.per_second, run.p50_ms, run.p99_ms) for run in runs), strict=True)
    return Figures(*(statistics.median(column) for column in columns))


def show(concurrency: int, rows: dict[str, Figures]) -> None:
    print(f"\n{concurrency} at once{'':14} calls/s  × bare   p50 ms   p99 ms")
    unit = rows["bare aiohttp"].per_second
    for name, row in rows.items():
        print(f"{name:24} {row.per_second:8.0f} {row.per_second / unit:7.2f} {row.p50_ms:8.1f} {row.p99_ms:8.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--serve", action="store_true")
    parser.add_argument("--variant", choices=VARIANTS)
    parser.add_argument("--base", default="")
    parser.add_argument("--concurrency", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--rounds", type=int, default=3)
    wanted = parser.parse_args()
    if wanted.serve:
        asyncio.run(serve())
    elif wanted.variant:
        if "sniffio" in wanted.variant:
            pretend_sniffio()
        figures = asyncio.run(run_variant(wanted.variant, wanted.base, wanted.concurrency, wanted.seconds))
        print(json.dumps({name: getattr(figures, name) for name in Figures.__slots__}))
    else:
        table(wanted.rounds, wanted.seconds)


if __name__ == "__main__":
    main()
