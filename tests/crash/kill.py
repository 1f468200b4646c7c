"""Kills at random moments, with a backlog and network faults: `python -m tests.crash.kill --kills 1000`.

With a planted bug, until it is found: `python -m tests.crash.kill --kills 400 --mutant jobs_apart`.

On a server, with several replicas behind one address, and with hard stops of the server:
`python -m tests.crash.kill --engine postgres --replicas 3 --kills 1000 --server-stops 20`.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager, suppress
from pathlib import Path

from tests.crash.campaign import (
    Campaign,
    Place,
    Trouble,
    bad_weather,
    behind,
    beside_each_other,
    silent,
)
from tests.crash.counts import Tally
from tests.crash.customers import folk
from tests.crash.environment import Bank, furnish, stage, zygote_for
from tests.crash.mutants import MUTANTS
from tests.crash.processes import Zygote
from tests.support.balancer import balancing, free_port
from tests.support.postgres_server import Server, place, running

#: Customers for this many kills, with some to spare.
CUSTOMERS_PER_KILL = 0.7
#: With a planted bug, check after this many kills.
BATCH = 25
ENGINES = ("sqlite", "postgres")


@asynccontextmanager
async def places(replicas: int) -> AsyncIterator[Sequence[Place]]:
    if not replicas:
        yield beside_each_other()
        return
    ports = [free_port() for _ in range(replicas)]
    async with balancing(ports) as balancer:
        yield behind(balancer, ports)


async def campaign(
    bank: Bank,
    made: Zygote,
    folder: Path,
    kills: int,
    *,
    seed: int = 0,
    mutant: str | None = None,
    batch: int = 0,
    replicas: int = 0,
    trouble: Trouble = Trouble(),  # noqa: B008 - a frozen value
    say: Callable[[str], None] = silent,
) -> Tally:
    """Kill this often; with a batch size, check after each batch and stop at the first problem."""
    started = 0
    while True:
        now = min(batch or kills, kills - started)
        async with AsyncExitStack() as stack:
            who = await stack.enter_async_context(places(replicas))
            scene = await stack.enter_async_context(
                stage(
                    bank,
                    folder / f"stage{started}",
                    made,
                    faults=bad_weather(),
                    seed=seed + started,
                    mutant=mutant,
                )
            )
            one = Campaign(scene, who, seed + started, trouble, say)
            await one.kills(now)
            await one.end(early=bool(batch))
            with suppress(ProcessLookupError):
                for process in scene.processes:
                    await process.kill()
        started += now
        one.tally.kills = max(one.tally.kills, started)
        if not one.tally.ok or started >= kills:
            return one.tally


async def run(
    folder: Path,
    kills: int,
    seed: int,
    mutant: str | None = None,
    *,
    server: Server | None = None,
    replicas: int = 0,
    trouble: Trouble = Trouble(),  # noqa: B008 - a frozen value
    batch: int = 0,
    say: Callable[[str], None] = silent,
) -> Tally:
    people = folk(trouble.crowd + int((batch or kills) * CUSTOMERS_PER_KILL))
    bank = await furnish(folder / "bank", people, server)
    async with zygote_for(bank) as made:
        return await campaign(
            bank,
            made,
            folder,
            kills,
            seed=seed,
            mutant=mutant,
            batch=batch,
            replicas=replicas,
            trouble=trouble,
            say=say,
        )


def progress(line: str) -> None:
    sys.stderr.write(f"{line}\n")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument("--mutant", choices=MUTANTS, help="plant this bug, and stop when it is found")
    parser.add_argument("--engine", choices=ENGINES, default="sqlite")
    parser.add_argument("--replicas", type=int, default=0, help="so many behind one webhook; 0: one that polls")
    parser.add_argument("--server-stops", type=int, default=0, help="hard stops of the server in between")
    parser.add_argument("--jumps", action="store_true", help="clocks of processes jump an hour in between")
    arguments = parser.parse_args()
    if arguments.server_stops and arguments.engine != "postgres":
        parser.error("only PostgreSQL has a server to stop")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="crash-")))
        server = None
        if arguments.engine == "postgres":
            server = stack.enter_context(running(stack.enter_context(place())))
        tally = asyncio.run(
            run(
                folder, arguments.kills, arguments.seed, arguments.mutant,
                server=server,
                replicas=arguments.replicas,
                trouble=Trouble(arguments.server_stops, arguments.jumps),
                batch=BATCH if arguments.mutant else 0,
                say=progress,
            )
        )  # fmt: skip
    for problem in [*tally.problems, *tally.verdict.problems]:
        print(problem)
    print(f"seed {arguments.seed}: {tally}")
    return 0 if tally.ok else 1


if __name__ == "__main__":
    sys.exit(main())
