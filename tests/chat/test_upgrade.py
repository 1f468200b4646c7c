"""An upgrade under traffic: customers in the middle of an application get their certificate, and nobody sees an error.

The first release's own code is upgraded by `python -m tests.bench.upgrade`.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from bot.engine.job_runner import JobRunner
from bot.engine.sender import OutboxSender
from bot.queues.inbox import Inbox
from bot.storage.queries import migrations
from tests.support.cluster import Cluster, replicas
from tests.support.customers import AN, GILDONG, crowd, persona
from tests.support.local_telegram import PASSWORD, WORDS, Customer, LocalTelegram, local_telegram
from tests.support.postgres_server import new_database
from tests.support.schemas import LATER, as_the_first_release_had_it

FIRST_ID = 301
Act = Callable[[Customer], Awaitable[object]]
WRONG = replace(crowd(1)[0], account="99999999999999")


async def nothing(_customer: Customer) -> None:
    return


async def submits(customer: Customer) -> None:
    await customer.taps("button.submit")


async def sets_the_password(customer: Customer) -> None:
    await customer.sees("enrolled.password")
    await customer.says(PASSWORD)
    await customer.sees("card.issued", patience=30)


async def submits_to_the_end(customer: Customer) -> None:
    await submits(customer)
    await sets_the_password(customer)


async def proves_to_the_end(customer: Customer) -> None:
    await customer.proves(customer.record)
    await submits_to_the_end(customer)


async def fills_in_to_the_end(customer: Customer, begin: str = "name") -> None:
    await customer.fills_in(customer.record, begin=begin)
    await proves_to_the_end(customer)


# --- where a customer is: how they come there, what they do when the process ends, and how they continue ---


async def is_greeted(customer: Customer) -> None:
    await customer.person.starts()
    await customer.sees("card.idle")


async def from_the_greeting(customer: Customer) -> None:
    await customer.taps("button.start")
    await customer.tells_why()
    await fills_in_to_the_end(customer)


async def is_in_the_form(customer: Customer) -> None:
    await customer.triage()
    await customer.fills_in(customer.record, until="account")


async def from_the_form(customer: Customer) -> None:
    await fills_in_to_the_end(customer, begin="account")


async def is_at_the_last_question(customer: Customer) -> None:
    await customer.triage()
    await customer.fills_in(customer.record, until="via")


async def answers_the_last_question(customer: Customer) -> None:
    await customer.asked("via", "sms")


async def is_asked_for_the_code(customer: Customer) -> None:
    await customer.triage()
    await customer.fills_in(customer.record)
    await customer.sees("proof.sent.sms")


async def reviews(customer: Customer) -> None:
    await customer.applies(customer.record)


async def is_enrolled(customer: Customer) -> None:
    await customer.applies(customer.record)
    await submits(customer)
    await customer.sees("enrolled.password")


async def says_the_password(customer: Customer) -> None:
    await customer.says(PASSWORD)


async def sees_the_certificate(customer: Customer) -> None:
    await customer.sees("card.issued", patience=30)


async def has_it(customer: Customer) -> None:
    await customer.reissues(customer.record)


async def takes_it(customer: Customer) -> None:
    await customer.taps("button.received")
    await customer.sees("card.closed")


async def is_refused(customer: Customer) -> None:
    await customer.triage()
    await customer.fills_in(replace(customer.record, account="99999999999999"))
    await customer.proves(customer.record)
    await submits(customer)
    await customer.sees("refusal.R03")


async def mends_it(customer: Customer) -> None:
    await customer.taps("button.mend")
    await customer.answers("account", customer.record.account)
    await customer.sees("reissue.review")
    await submits_to_the_end(customer)


async def asks(customer: Customer) -> None:
    await customer.says("/help")


PLACES: dict[str, tuple[Act, Act, Act]] = {
    "greeted": (is_greeted, nothing, from_the_greeting),
    "in the form": (is_in_the_form, asks, from_the_form),
    "code to be sent": (is_at_the_last_question, answers_the_last_question, proves_to_the_end),
    "code asked for": (is_asked_for_the_code, nothing, proves_to_the_end),
    "reviewing": (reviews, nothing, submits_to_the_end),
    "to be decided": (reviews, submits, sets_the_password),
    "enrolled": (is_enrolled, nothing, sets_the_password),
    "to be issued": (is_enrolled, says_the_password, sees_the_certificate),
    "issued": (has_it, nothing, takes_it),
    "refused": (is_refused, nothing, mends_it),
}
PHASES = {"asking", "sending", "proving", "deciding", "enrolled", "issuing", "issued", "refused", "idle"}
RECORDS = crowd(len(PLACES))


@pytest.fixture
async def crowded(template: Path, tmp_path: Path) -> AsyncIterator[LocalTelegram]:
    personas = [persona(record, FIRST_ID + number) for number, record in enumerate(RECORDS)]
    async with local_telegram(template, tmp_path / "data", RECORDS, personas) as made:
        yield made


@contextmanager
def nobody_works(*owners: tuple[type, str]) -> Iterator[None]:
    """As at the moment when the process ends: ordered jobs wait in their rows."""
    with pytest.MonkeyPatch.context() as patch:
        for owner, claims in owners:
            patch.setattr(owner, claims, lambda *_arguments: [])
        yield


async def all_do(people: list[Customer], at: int) -> None:
    await asyncio.gather(*(acts[at](each) for each, acts in zip(people, PLACES.values(), strict=True)))


async def until_rows(place: LocalTelegram, sql: str, wanted: int) -> None:
    async with asyncio.timeout(20):
        while await place.rows(sql) != [(wanted,)] or place.messenger.stats.pending:
            pass


def errors_shown(customer: Customer) -> list[str]:
    keys = [key for key in WORDS._catalogs["ko"] if key.startswith("error.")]
    return [key for key in keys if customer.shows(key)]


async def test_from_the_first_schema_everybody_comes_to_a_certificate(crowded: LocalTelegram) -> None:
    people = [crowded.customer(FIRST_ID + at, "ko", record) for at, record in enumerate(RECORDS)]
    await all_do(people, 0)
    await crowded.quiet()
    with nobody_works((JobRunner, "_claim"), (OutboxSender, "_claim")):
        await all_do(people, 1)
        await until_rows(crowded, "SELECT COUNT(*) FROM inbox WHERE state = 'pending'", 0)
        with nobody_works((Inbox, "heads")):
            await people[0].says("/help")
            await until_rows(crowded, "SELECT COUNT(*) FROM inbox WHERE state = 'pending'", 1)
            assert {phase for (phase,) in await crowded.rows("SELECT phase FROM chats")} == PHASES
            for table in ("outbox", "jobs"):
                assert await crowded.rows(f"SELECT 1 FROM {table} WHERE state = 'pending' LIMIT 1"), table
            await crowded.indoors.aclose()
    desk = crowded.settings.storage.data_dir / "desk.db"
    as_the_first_release_had_it(desk)
    going_on = asyncio.create_task(all_do(people, 2))

    await crowded.opens()
    await going_on
    await crowded.quiet()

    assert await crowded.rows("PRAGMA user_version") == [(len(migrations()),)]
    assert await crowded.rows("SELECT COUNT(*) FROM applications WHERE outcome = 'issued'") == [(len(people),)]
    for each in people:
        held = crowded.authority.certificates(each.record.customer_id)
        assert sorted(str(one.status) for one in held) == ["good", "revoked"]
        assert set(each.files()) == {"npki.zip", "certificate.p12"}
        assert errors_shown(each) == []
    assert await crowded.rows("SELECT state, COUNT(*) FROM inbox GROUP BY state") == [
        ("done", crowded.messenger.stats.updates)
    ]


# --- replicas ---


@pytest.fixture
async def cluster(template: Path, tmp_path: Path, server_address: str) -> AsyncIterator[Cluster]:
    async with replicas(template, tmp_path / "data", new_database(server_address), 1) as made:
        yield made


async def looks_at_reminders(customer: Customer, times: int) -> None:
    """Often enough that the server keeps the statement's plan (psycopg: from the sixth time on)."""
    for _ in range(times):
        before = customer.newest
        await customer.says("/reminders")
        await customer.reads("remind.menu.none", after=before)


async def test_a_replica_goes_on_while_a_newer_one_changes_the_tables(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    gildong, an = (
        cluster.local_telegram.customer(101, "ko", GILDONG),
        cluster.local_telegram.customer(104, "en", AN),
    )
    await gildong.applies(GILDONG)
    await looks_at_reminders(an, 12)

    monkeypatch.setattr("bot.storage.postgres.migrations", lambda: (*migrations(), LATER))
    filling_in = asyncio.create_task(submits_to_the_end(gildong))
    await cluster.gains()
    (earlier, later), newest = cluster.balancer.targets, len(migrations()) + 1
    assert await cluster.local_telegram.rows("SELECT MAX(number) FROM schema_version") == [(newest,)]
    cluster.balancer.targets[:] = [earlier]
    await filling_in
    await looks_at_reminders(an, 3)
    cluster.balancer.targets[:] = [earlier, later]
    await an.applies(AN)
    await cluster.loses(0)
    cluster.local_telegram.app = cluster.newest
    await submits_to_the_end(an)
    await cluster.local_telegram.quiet()

    assert await cluster.local_telegram.rows("SELECT outcome FROM applications") == [("issued",)] * 2
    assert errors_shown(gildong) == errors_shown(an) == []
    assert await cluster.local_telegram.rows("SELECT DISTINCT state FROM inbox") == [("done",)]
