"""The web side: one HTTP server in the running loop, for the webhook, monitoring, CRL, OCSP and CMP."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.routing import BaseRoute

from bot.core.tasks import TaskSupervisor

BACKLOG = 512
STOP_SECONDS = 5


class _Server(uvicorn.Server):
    """Leaves signals to the program, which stops everything in order."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def listening(address: tuple[str, int], routes: Sequence[BaseRoute]) -> AsyncIterator[tuple[str, int]]:
    """Listen on this address until the end of the block; yield the address with its real port (port 0 is any free one).

    Raises `OSError` if the address cannot be used.
    """
    sock = _bound(address)
    configuration = uvicorn.Config(
        Starlette(routes=list(routes)),
        log_config=None,
        access_log=False,  # Who asked about whose certificate must not be logged.
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=STOP_SECONDS,
    )
    server, loops = _Server(configuration), TaskSupervisor()
    loops.start("web", server.serve(sockets=[sock]))
    try:
        while not server.started:
            if not loops.running:
                raise OSError(f"the web side did not start on {address[0]}:{address[1]}")
            await asyncio.sleep(0.005)
        yield sock.getsockname()[:2]
    finally:
        server.should_exit = True
        await loops.finish(STOP_SECONDS + 1)
        await loops.stop(1)
        sock.close()


def _bound(address: tuple[str, int]) -> socket.socket:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    # With the protocol given, asyncio sends small answers at once (TCP_NODELAY).
    sock = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind(address)
        sock.listen(BACKLOG)
    except OSError as error:
        sock.close()
        raise OSError(error.errno, f"{error.strerror}: {address[0]}:{address[1]}") from error
    return sock
