"""`doctor` on parked rows, and on a bot that runs."""

import asyncio
import socket
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import pytest

from bot.storage.sqlite import MEND
from handlers.local import LocalMessenger
from tests.support.authority_server import free_port
from tests.support.command import program, running, settings_of
from tests.support.local_telegram import TOKEN


async def test_doctor_asks_a_running_bot(world: LocalMessenger, place: Path) -> None:
    settings = settings_of(world, place / "data") | {"LISTEN": f"127.0.0.1:{free_port()}"}
    before = await asyncio.to_thread(program, "doctor", folder=place, **settings)
    async with running("run", folder=place, **settings):
        during = await asyncio.to_thread(program, "doctor", folder=place, **settings)

    assert f"running bot: well (none runs at {settings['LISTEN']})" in before.stdout
    assert f"running bot: well (ready at {settings['LISTEN']})" in during.stdout
    assert (before.returncode, during.returncode) == (0, 0)


def test_doctor_counts_parked_updates(place: Path) -> None:
    with closing(sqlite3.connect(place / "data" / "desk.db")) as desk, desk:
        desk.execute("INSERT INTO inbox (update_id, lane, state, due_at, came_at) VALUES (1, 'chat:1', 'parked', 0, 0)")

    ended = program("doctor", folder=place, TELEGRAM_TOKEN=TOKEN, LISTEN=f"127.0.0.1:{free_port()}")

    assert ended.returncode == 1
    assert "queues: NOT WELL: 1 updates are parked; see docs/watching.md" in ended.stdout


@contextmanager
def other_server(response: bytes) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            server.settimeout(30)
            with suppress(TimeoutError), server.accept()[0] as client:
                client.recv(4096)
                client.sendall(response)

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}"
        thread.join()


@pytest.mark.parametrize(
    "said",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]",
        b"HTTP/1.1 404 Not Found\r\n\r\nno",
        b"220 mail\r\n",
        b"",
    ],
)
def test_another_program_at_the_address_is_reported(place: Path, said: bytes) -> None:
    with other_server(said) as address:
        ended = program("doctor", folder=place, TELEGRAM_TOKEN=TOKEN, LISTEN=address)

    assert ended.returncode == 1
    assert f"running bot: NOT WELL: what answers at {address} is no bot of ours" in ended.stdout


def test_doctor_says_who_may_read_metrics_without_the_token(place: Path) -> None:
    settings = {"TELEGRAM_TOKEN": TOKEN, "LISTEN": f"127.0.0.1:{free_port()}"}
    token = "a-token-of-the-test_0123456789"

    without = program("doctor", folder=place, **settings)
    ended = program("doctor", folder=place, METRICS_TOKEN=token, **settings)

    assert "metrics: well (only programs on this machine are answered" in without.stdout
    assert "metrics: well (every request with the token is answered)" in ended.stdout
    assert token not in ended.stdout + ended.stderr


def test_a_changed_history_of_the_authority_is_reported(place: Path) -> None:
    settings = {"TELEGRAM_TOKEN": TOKEN, "LISTEN": f"127.0.0.1:{free_port()}"}
    before = program("doctor", folder=place, **settings)
    with closing(sqlite3.connect(place / "data" / "ca" / "ledger.sqlite3")) as ledger, ledger:
        for (name,) in ledger.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            ledger.execute(f"DROP TRIGGER {name}")
        ledger.execute("UPDATE audit SET at = at + 60 WHERE seq = 1")

    ended = program("doctor", folder=place, **settings)

    assert "entries of its history fit what it knows" in before.stdout
    (line,) = [each for each in ended.stdout.splitlines() if each.startswith("authority: ")]
    assert line.startswith("authority: NOT WELL: ")
    assert "line 1" in line
    assert MEND in line
    assert ended.returncode == 1
