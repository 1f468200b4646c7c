"""`reissue-bot ca serve`: the authority alone on its web side, for other desks that ask it by CMP."""

import argparse
import asyncio
import sys

import ca
from bot.core.tasks import stop_on_signals
from bot.issuing import key_files
from bot.settings.settings import Settings, load

TEND_SECONDS = 600.0


def add_to(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    serve = actions.add_parser(
        "serve", help="answer OCSP, CMP and for revocation lists on REISSUE_LISTEN, without the bot"
    )
    serve.set_defaults(command=_serve)


def _say(text: str) -> None:
    sys.stderr.write(f"{text}\n")


def _serve(_arguments: argparse.Namespace) -> int:
    settings = load()
    authority = key_files.open_authority(settings, key_files.open_vault(settings, _say), _say)
    try:
        authority.judge_profiles()
        asyncio.run(_served(settings, authority))
    finally:
        authority.close()
    return 0


async def _served(settings: Settings, authority: ca.Authority) -> None:
    # A web server, which no other command of the authority needs.
    from bot.monitoring.server import listening  # noqa: PLC0415
    from ca.web import Status  # noqa: PLC0415

    stop = stop_on_signals()
    async with listening(settings.web.listen, Status(authority).routes) as (host, port):
        _say(f"http://{host}:{port}")
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        while not stop.is_set():
            await asyncio.to_thread(authority.tend)
            try:
                await asyncio.wait_for(stop.wait(), TEND_SECONDS)
            except TimeoutError:
                continue
