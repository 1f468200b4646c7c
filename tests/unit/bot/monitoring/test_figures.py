"""The figures from the rows, and those that are counted in memory."""

import asyncio
import sqlite3
from datetime import UTC, datetime

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bot.conversation.case import Phase
from bot.issuing.port import ListAge
from bot.monitoring import exposition
from bot.monitoring.figures import ISSUING_BOUNDS, Queue, desk_figures, queues
from bot.monitoring.meter import LAG_SECONDS, Meter, answer_of
from bot.storage.database import Transaction
from bot.storage.sqlite import SqliteTransaction

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
T = NOW.timestamp()


def samples(families: object) -> dict[tuple[str, ...], float]:
    text = exposition.text(families).decode()  # type: ignore[arg-type]
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def row(connection: sqlite3.Connection, table: str, **values: object) -> None:
    names = ", ".join(values)
    connection.execute(f"INSERT INTO {table} ({names}) VALUES ({', '.join('?' * len(values))})", tuple(values.values()))


def test_nothing_waits_in_an_empty_house(tx: Transaction) -> None:
    assert queues(tx, NOW) == (Queue(0, 0.0, 0.0, 0),) * 3


def test_who_waits_for_us_is_told_from_who_waits_for_others(connection: sqlite3.Connection, tx: Transaction) -> None:
    """Behind a row that must wait, or is being worked on, nothing is overdue, however old."""
    common = {"state": "pending", "made_at": T - 900}
    row(connection, "outbox", key="a", lane="chat:1", due_at=T + 60, **common)
    row(connection, "outbox", key="b", lane="chat:1", due_at=T - 800, **common)
    row(connection, "outbox", key="c", lane="chat:2", due_at=T - 700, lease_until=T + 9, **common)
    assert queues(tx, NOW)[1] == Queue(3, 900.0, 0.0, 0)
    row(connection, "outbox", key="d", lane="chat:3", due_at=T - 40, lease_until=T - 30, **common)
    for key, error in (("e", "Refused"), ("f", "blocked"), ("g", "bounced")):
        gone = {"state": "dead", "made_at": T - 5000, "last_error": error}
        row(connection, "outbox", key=key, lane="chat:3", due_at=T - 40, **gone)
    assert queues(tx, NOW)[1] == Queue(4, 900.0, 30.0, 1)


def test_a_time_out_that_is_not_due_does_not_wait(connection: sqlite3.Connection, tx: Transaction) -> None:
    row(connection, "jobs", key="a", kind="lapse_code", chat_id=1, due_at=T + 60, made_at=T - 100)
    assert queues(tx, NOW)[2] == Queue(0, 0.0, 0.0, 0)
    row(connection, "jobs", key="b", kind="assess", chat_id=1, due_at=T - 20, made_at=T - 100)
    row(connection, "jobs", key="c", kind="assess", chat_id=1, due_at=T - 20, made_at=T, state="dead")
    assert queues(tx, NOW)[2] == Queue(1, 20.0, 20.0, 1)


def test_updates_that_wait_and_are_parked(connection: sqlite3.Connection, tx: Transaction) -> None:
    row(connection, "inbox", update_id=1, lane="chat:1", due_at=T - 5, came_at=T - 50)
    row(connection, "inbox", update_id=2, lane="chat:1", due_at=T - 45, came_at=T - 45)
    row(connection, "inbox", update_id=3, lane="chat:2", due_at=0, came_at=0, state="parked")
    row(connection, "inbox", update_id=4, lane="chat:2", due_at=0, came_at=0, state="done")
    assert queues(tx, NOW)[0] == Queue(2, 50.0, 5.0, 1)


def test_applications_and_how_long_they_took(connection: sqlite3.Connection, tx: Transaction) -> None:
    took = [0, *ISSUING_BOUNDS, 86401]
    for number, seconds in enumerate(took):
        times = {"submitted_at": T, "issued_at": T + seconds}
        row(
            connection,
            "applications",
            request_id=f"i{number}",
            chat_id=1,
            receipt="",
            outcome="issued",
            **times,
        )
    for number, outcome in enumerate([None, "approved", "R07", "R07", "R11"]):
        row(
            connection,
            "applications",
            request_id=f"o{number}",
            chat_id=1,
            receipt="",
            outcome=outcome,
            submitted_at=T,
        )

    found = samples(exposition.desk_families(desk_figures(tx, NOW)))

    assert found["reissue_applications_submitted_total",] == len(took) + 5
    assert found["reissue_applications_issued_total",] == len(took)
    assert found["reissue_applications_refused_total", "R07"] == 2
    assert found["reissue_applications_refused_total", "R15"] == 0
    assert found["reissue_applications_open", "deciding"] == 1
    assert found["reissue_applications_open", "approved"] == 1
    buckets = [found["reissue_issue_seconds_bucket", f"{bound}.0"] for bound in ISSUING_BOUNDS]
    assert buckets == list(range(2, len(took)))
    assert found["reissue_issue_seconds_bucket", "+Inf"] == found["reissue_issue_seconds_count",] == len(took)
    assert found["reissue_issue_seconds_sum",] == sum(took)


def test_cases_gaps_and_marks(connection: sqlite3.Connection, tx: Transaction) -> None:
    for number, phase in enumerate([Phase.ASKING, Phase.ASKING, Phase.REFUSED, Phase.CLOSED, Phase.IDLE]):
        row(connection, "chats", chat_id=number, language="ko", sealed_case=b"", phase=phase, changed_at=T)
    for language in ("ko", "en"):
        row(
            connection,
            "gaps",
            kind="unanswered",
            topic="fees",
            language=language,
            likest="",
            times=3,
            last_at=T,
        )
    row(connection, "usefulness", topic="fees", useful=0, times=2)

    found = samples(exposition.desk_families(desk_figures(tx, NOW)))

    assert (found["reissue_cases", "asking"], found["reissue_cases", "proving"]) == (2, 0)
    assert ("reissue_cases", "closed") not in found
    assert found["reissue_faq_open_questions", "unanswered", "fees"] == 6
    assert found["reissue_faq_marks_total", "fees", "no"] == 2


def test_what_is_asked_every_few_seconds_scans_no_table_that_grows(connection: sqlite3.Connection) -> None:
    tables = ("inbox", "outbox", "jobs", "chats", "applications")
    for query in ("inbox", "outbox", "jobs", "cases", "applications"):
        tx = SqliteTransaction(connection)
        plan = connection.execute(f"EXPLAIN QUERY PLAN {tx._queries[f'figures_{query}']}", {"now": T}).fetchall()
        whole = [step["detail"] for step in plan if step["detail"] in {f"SCAN {table}" for table in tables}]
        assert not whole, query


def test_certificates_and_lists() -> None:
    found = samples(
        [
            *exposition.certificate_families({"good": 5, "hold": 1, "revoked": 2}),
            *exposition.list_families([ListAge("root", 60, 500), ListAge("issuing/3", 5, -9)]),
        ]
    )
    assert found == {
        ("reissue_certificates", "good"): 5,
        ("reissue_certificates", "hold"): 1,
        ("reissue_certificates", "revoked"): 2,
        ("reissue_crl_age_seconds", "root"): 60,
        ("reissue_crl_age_seconds", "issuing/3"): 5,
        ("reissue_crl_stale_in_seconds", "root"): 500,
        ("reissue_crl_stale_in_seconds", "issuing/3"): -9,
    }


def test_what_is_counted_in_memory_begins_at_nothing_and_names_nobody() -> None:
    meter = Meter()
    begun = samples(meter.registry.collect())
    assert begun["reissue_update_seconds_count", "failed"] == 0
    assert begun["reissue_messages_total", "mail", "dead"] == 0

    meter.delivered("chat:5123456789", "sent")
    meter.delivered("sms:u817422496", "later")
    meter.delivered("0101234567", "sent")
    meter.update("done", 0.25)
    meter.answered("throttled")

    found = samples(meter.registry.collect())
    assert set(found) == set(begun)
    assert found["reissue_messages_total", "chat", "sent"] == 1
    assert found["reissue_messages_total", "sms", "later"] == 1
    assert found["reissue_update_seconds_bucket", "0.2", "done"] == 0
    assert found["reissue_update_seconds_bucket", "0.3", "done"] == 1
    assert found["reissue_api_calls_total", "throttled"] == 1
    assert not [name for name, *_ in found if name.endswith("_created")]


@pytest.mark.parametrize(
    ("status", "answer"),
    [(200, "ok"), (400, "refused"), (401, "unauthorized"), (403, "refused"), (404, "unauthorized"),
     (409, "refused"), (429, "throttled"), (500, "broken"), (502, "broken")],
)  # fmt: skip
def test_what_a_status_means(status: int, answer: str) -> None:
    assert answer_of(status) == answer


async def test_a_loop_that_comes_back_late_is_measured() -> None:
    now = [0.0]
    meter = Meter(lambda: now[0])
    lates = [0.0, 0.3]

    async def sleep(seconds: float) -> None:
        assert seconds == LAG_SECONDS
        if not lates:
            raise asyncio.CancelledError
        now[0] += seconds + lates.pop(0)

    with pytest.raises(asyncio.CancelledError):
        await meter.follow_the_loop(sleep)

    found = samples(meter.registry.collect())
    assert found["reissue_loop_lag_seconds_count",] == 2
    assert found["reissue_loop_lag_seconds_bucket", "0.25"] == 1
    assert found["reissue_loop_lag_seconds_sum",] == pytest.approx(0.3)
