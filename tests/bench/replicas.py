"""Three replicas on one PostgreSQL compared with one, behind one webhook: how many updates, and what limits them.

`python -m tests.bench.replicas [--customers 60] [--seconds 20] [--rounds 2] [--ground FOLDER]`. With fewer processors
than processes more replicas cannot do more, so the work is counted too: round trips, rows and commits per update, and
the processor time of the replicas and of the server. The server's share says how many replicas one server can have.
"""

import argparse
import asyncio
import os
import tempfile
from collections import Counter
from contextlib import AsyncExitStack
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median

import psycopg

from tests.bench.load import WARM_S, measured
from tests.bench.meter import TICK_S, cpu_seconds
from tests.bench.setup import Ground, environment, ground, messenger_for, registered, started, stopped
from tests.bench.visits import ASKERS, visit_simulator
from tests.support import postgres_server as postgres
from tests.support.balancer import balancing, free_port

TOP = 8


@dataclass(frozen=True, slots=True)
class Figures:
    """Per update, where nothing else is said."""

    updates_per_s: float
    p50_ms: float
    p99_ms: float
    bot_ms: float  #: Processor time of all replicas.
    server_ms: float  #: Processor time of the database server.
    units: float
    collisions: float  #: Units that were run again.
    statements: float
    round_trips: float  #: One for each answer that is read, and one for the end of each try.
    commits: float
    written: float  #: Rows written.
    read: float  #: Rows fetched.
    wal_kib: float


@dataclass(frozen=True, slots=True)
class Server:
    """What the server counts."""

    commits: int
    written: int
    read: int
    wal: int

    @classmethod
    def asked(cls, database: str) -> "Server":
        sql = (
            "SELECT xact_commit, tup_inserted + tup_updated + tup_deleted, tup_fetched,"
            " pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint FROM pg_stat_database"
            " WHERE datname = current_database()"
        )
        with psycopg.connect(database, autocommit=True) as connection:
            row = connection.execute(sql).fetchone()
        assert row
        return cls(*row)


def server_cpu(folder: Path) -> float:
    """Return the processor time of a server and of all its children, including those that ended."""
    postmaster = int((folder / "postmaster.pid").read_text().split()[0])
    total = 0.0
    for each in Path("/proc").iterdir():
        if each.name.isdigit():
            try:
                after_name = (each / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue  # It has just ended.
            mine = int(each.name) == postmaster
            if mine or int(after_name[1]) == postmaster:
                total += sum(int(ticks) for ticks in after_name[11 : 15 if mine else 13]) * TICK_S
    return total


async def ran(stage: Ground, folder: Path, server: Path, database: str, wanted: "Wanted", count: int) -> "Round":
    stage.copied(folder)
    await registered(folder, stage.people, database)
    ports = [free_port() for _ in range(count)]
    async with AsyncExitStack() as stack:
        messenger = await stack.enter_async_context(messenger_for(stage.people))
        balancer = await stack.enter_async_context(balancing(ports))
        here = stack.enter_context(visit_simulator(messenger, stage, asking=wanted.asking))
        bots = []
        for port in ports:
            more = {"DATABASE_URL": database, "WEBHOOK_URL": balancer.url, "LISTEN": f"127.0.0.1:{port}"}
            settings = environment(messenger, folder, **more)
            journal = folder.with_suffix(f".{port}.log")
            bots.append(await stack.enter_async_context(started(("tests.bench.replica_process",), settings, journal)))
        await here.applies()
        at, cpu, servers = here.acts, sum(cpu_seconds(bot.pid) for bot in bots), server_cpu(server)
        before = Server.asked(database)
        found = await measured(
            os.getpid(), here.tally, WARM_S, wanted.seconds, lambda s: here.full(wanted.customers, s)
        )
        acts = here.acts - at
        after, server_s = Server.asked(database), server_cpu(server) - servers
        bot_s = sum(cpu_seconds(bot.pid) for bot in bots) - cpu
        counted: Counter[str] = Counter()
        for bot in bots:
            counted.update(await stopped(bot))
        all_acts = here.acts
        assert not here.tally.errors, here.tally.errors
    figures = Figures(
        updates_per_s=found.updates_per_s,
        p50_ms=found.p50_ms,
        p99_ms=found.p99_ms,
        bot_ms=bot_s / acts * 1e3,
        server_ms=server_s / acts * 1e3,
        units=counted["units"] / all_acts,
        collisions=(counted["tries"] - counted["units"]) / all_acts,
        statements=counted["statements"] / all_acts,
        round_trips=(counted["answers"] + counted["tries"]) / all_acts,
        commits=(after.commits - before.commits) / acts,
        written=(after.written - before.written) / acts,
        read=(after.read - before.read) / acts,
        wal_kib=(after.wal - before.wal) / acts / 1024,
    )
    asked = Counter({name.removeprefix("query "): each for name, each in counted.items() if name.startswith("query ")})
    return Round(figures, {name: each / all_acts for name, each in asked.most_common(TOP)})


@dataclass(frozen=True, slots=True)
class Round:
    figures: Figures
    asked: dict[str, float]


@dataclass(frozen=True, slots=True)
class Wanted:
    customers: int
    seconds: float
    rounds: int
    asking: float
    ground: Path | None


def medians(rounds: list[Round]) -> Figures:
    return Figures(*(median(getattr(each.figures, one.name) for each in rounds) for one in fields(Figures)))


def show(found: dict[int, list[Round]]) -> None:
    rows = {count: medians(rounds) for count, rounds in found.items()}
    one, three = rows[1], rows[3]
    print(f"\n{os.cpu_count()} processors for the replicas, the server, and the messenger with its customers")
    print(f"{'':16}{'1 replica':>12}{'3 replicas':>12}{'ratio':>8}")
    for each in fields(Figures):
        single, several = getattr(one, each.name), getattr(three, each.name)
        print(f"{each.name:16}{single:12.2f}{several:12.2f}{several / single if single else 0:8.2f}")
    for count, rounds in found.items():
        asked = ", ".join(f"{name} {each:.2f}" for name, each in rounds[0].asked.items())
        print(f"{count} asked most, by the update: {asked}")
    print(
        f"\none processor of the server is enough for {1e3 / three.server_ms:.0f} updates a second, which is what"
        f" {three.bot_ms / three.server_ms:.1f} processors of replicas do; for each of these updates the server's disk"
        f" is asked {three.commits:.1f} times or less (commits that wait together share one)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--customers", type=int, default=60)
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--asking", type=float, default=0.0, help="the share of visits that only ask")
    parser.add_argument("--ground", type=Path)
    wanted = Wanted(**vars(parser.parse_args()))
    found: dict[int, list[Round]] = {1: [], 3: []}
    with (
        ground(ASKERS + 6 * wanted.customers, wanted.ground) as stage,
        tempfile.TemporaryDirectory(prefix="replicas-") as name,
        postgres.place() as place,
        postgres.server(place) as address,
    ):
        for number in range(wanted.rounds):
            for count, rounds in found.items():
                folder, database = Path(name) / f"{count}-{number}", postgres.new_database(address)
                rounds.append(asyncio.run(ran(stage, folder, place, database, wanted, count)))
    show(found)


if __name__ == "__main__":
    main()
