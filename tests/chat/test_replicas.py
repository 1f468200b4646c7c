"""Several replicas behind one address, on one PostgreSQL: each update counts once and in order, whoever gets it."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from bot.core.wakeup import Wakeup
from bot.queues.inbox import LEFT_ALONE_S, Inbox, Waiting
from bot.storage.database import Transaction
from handlers.telegram.poller import arrival
from tests.support.cluster import Cluster, replicas
from tests.support.customers import AN, GILDONG
from tests.support.local_telegram import Customer
from tests.support.postgres_server import new_database

REPLICAS = 3
#: Updates of one chat, close to each other, to two replicas.
FEW = 3


@pytest.fixture
async def cluster(template: Path, tmp_path: Path, server_address: str) -> AsyncIterator[Cluster]:
    async with replicas(template, tmp_path / "data", new_database(server_address), REPLICAS) as made:
        yield made


async def ends_well(cluster: Cluster, *customers: Customer) -> None:
    await cluster.local_telegram.quiet()
    outcomes = await cluster.local_telegram.rows("SELECT outcome FROM applications")
    assert outcomes == [("issued",)] * len(customers)
    for customer in customers:
        held = cluster.local_telegram.authority.certificates(customer.record.customer_id)
        assert sorted(str(each.status) for each in held) == ["good", "revoked"]
        assert set(customer.files()) == {"npki.zip", "certificate.p12"}


async def test_whole_reissues_whoever_gets_which_update(cluster: Cluster) -> None:
    place = cluster.local_telegram
    place.messenger.faults.duplicate = 0.3
    gildong, an = place.customer(101, "ko", GILDONG), place.customer(104, "en", AN)

    await asyncio.gather(gildong.reissues(GILDONG), an.reissues(AN))

    await ends_well(cluster, gildong, an)
    assert len(cluster.balancer.given) == REPLICAS
    assert min(cluster.balancer.given.values()) > 5


async def test_each_update_given_to_all_of_them_counts_once(cluster: Cluster) -> None:
    cluster.balancer.everybody = True
    gildong = cluster.local_telegram.customer(101, "ko", GILDONG)

    await gildong.reissues(GILDONG)

    await ends_well(cluster, gildong)
    told = [text for text in gildong.texts() if gildong.pattern("notice.issued").search(text)]
    assert len(told) == 1
    assert len(cluster.local_telegram.messenger.sms_of(GILDONG.phone)) == 2, "the code, and the notice"


async def test_one_goes_away_in_the_middle_and_the_customer_sees_nothing_of_it(cluster: Cluster) -> None:
    gildong = cluster.local_telegram.customer(101, "ko", GILDONG)
    await gildong.applies(GILDONG)

    await cluster.loses(2)
    await gildong.taps("button.submit")
    await gildong.sees("enrolled.password")
    await cluster.loses(1)
    await gildong.says("Haneul!2026road")

    await gildong.sees("card.issued", patience=30)
    await ends_well(cluster, gildong)


async def test_limits_count_for_all_of_them_together(cluster: Cluster) -> None:
    """Wrong codes are spread over the replicas, and are limited to five all the same."""
    gildong = cluster.local_telegram.customer(101, "ko", GILDONG)
    await gildong.triage()
    await gildong.fills_in(GILDONG)
    await gildong.sees("proof.sent.sms")
    right = await gildong.next_code(GILDONG.phone)
    wrong = "000000" if right != "000000" else "111111"
    for _ in range(5):
        await gildong.says(wrong)
    await gildong.sees("error.code_used_up")

    await gildong.says(right)
    await cluster.local_telegram.quiet()

    assert not gildong.shows("reissue.review")


async def test_a_replica_does_what_it_received_and_tries_nothing_of_anothers(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a second replicas take over from each other; here that takes an hour, so only wake-ups count."""
    monkeypatch.setattr("bot.queues.inbox.LEFT_ALONE_S", 3600.0)
    monkeypatch.setattr("handlers.telegram.processor.IDLE_SECONDS", 3600.0)
    tried: list[int] = []
    finish = Inbox.finish

    def counted(self: Inbox, tx: Transaction, waiting: Waiting) -> bool:
        tried.append(waiting.update_id)
        return finish(self, tx, waiting)

    monkeypatch.setattr(Inbox, "finish", counted)
    gildong = cluster.local_telegram.customer(101, "ko", GILDONG)

    await gildong.reissues(GILDONG)

    await ends_well(cluster, gildong)
    assert len(cluster.balancer.given) == REPLICAS
    assert len(tried) <= len(set(tried)) + FEW


async def test_what_a_replica_died_with_is_done_by_another(cluster: Cluster) -> None:
    app, gildong = cluster.local_telegram.app, cluster.local_telegram.customer(101, "ko", GILDONG)
    dead = Inbox(app.shared.queues.inbox._sealing, Wakeup(), me="a dead one")
    message = {"message_id": 1, "date": 0, "chat": {"id": 101, "type": "private"}, "text": "/start",
               "from": {"id": 101, "is_bot": False, "first_name": "G", "language_code": "ko"}}  # fmt: skip
    came = arrival({"update_id": 5, "message": message})
    await app.shared.database.unit(lambda tx: dead.add(tx, [came], cluster.local_telegram.clock.now()))
    assert not gildong.texts()

    await cluster.local_telegram.later(timedelta(seconds=LEFT_ALONE_S))

    await gildong.taps("button.start")
