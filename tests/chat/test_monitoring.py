"""What monitoring sees of the whole application: health, readiness and metrics, over the socket."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.authority_server import free_port
from tests.support.customers import GILDONG, persona
from tests.support.leaks import found_in
from tests.support.local_telegram import PASSWORD, TOKEN, Customer, LocalTelegram, local_telegram

METRICS_TOKEN = "a-token-of-the-test_0123456789"
CHECKS = {"database", "loops", "messenger", "queues", "lists"}


@pytest.fixture(params=["polling", "webhook"])
async def place(request: pytest.FixtureRequest, template: Path, tmp_path: Path) -> AsyncIterator[LocalTelegram]:
    address = f"127.0.0.1:{free_port()}"
    settings = {"LISTEN": address}
    if request.param == "webhook":
        settings["WEBHOOK_URL"] = f"http://{address}/telegram"
    async with local_telegram(template, tmp_path / "data", [GILDONG], [persona(GILDONG, 101)], **settings) as made:
        yield made


@pytest.fixture
def gildong(place: LocalTelegram) -> Customer:
    return place.customer(101, "ko", GILDONG)


async def got(place: LocalTelegram, path: str, **headers: str) -> tuple[int, str]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{place.settings.web.public_url}{path}", headers=headers) as answer,
    ):
        return answer.status, await answer.text()


async def checks(place: LocalTelegram) -> tuple[int, dict[str, dict[str, object]]]:
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"{place.settings.web.public_url}/readyz") as answer,
    ):
        return answer.status, await answer.json()


async def figures(place: LocalTelegram, **headers: str) -> dict[tuple[str, ...], float]:
    """Return every sample by its name and the values of its labels."""
    status, text = await got(place, "/metrics", **headers)
    assert status == 200
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


async def test_a_house_that_works_lives_and_is_ready(place: LocalTelegram, gildong: Customer) -> None:
    assert await got(place, "/healthz") == (200, "ok\n")

    status, found = await checks(place)

    assert status == 200, found
    assert set(found) == CHECKS
    assert all(each["ok"] is True and each["why"] for each in found.values())


async def test_the_figures_after_a_reissue(place: LocalTelegram, gildong: Customer) -> None:
    await gildong.reissues(GILDONG)
    await gildong.says("오늘 환율은 얼마예요?")
    await place.quiet()

    found = await figures(place)

    assert found["reissue_applications_submitted_total",] == 1
    assert found["reissue_applications_issued_total",] == 1
    assert found["reissue_issue_seconds_count",] == 1
    assert 0 < found["reissue_issue_seconds_sum",] < 60
    assert found["reissue_cases", "issued"] == 1
    assert found["reissue_certificates", "good"] >= 1
    assert found["reissue_certificates", "revoked"] == 1
    assert found["reissue_crl_stale_in_seconds", "root"] > 86400
    assert found["reissue_update_seconds_count", "done"] > 10
    assert found["reissue_messages_total", "sms", "sent"] == 2
    assert found["reissue_messages_total", "mail", "sent"] == 1
    assert found["reissue_api_calls_total", "ok"] > 10
    assert found["reissue_inbox_waiting",] == found["reissue_outbox_waiting",] == 0
    assert found["reissue_jobs_overdue_seconds",] == 0
    assert {found["reissue_ready", name] for name in CHECKS} == {1.0}
    assert {found["reissue_figures_missing", name] for name in ("desk", "certificates", "lists")} == {0.0}
    assert found["process_resident_memory_bytes",] > 0


async def test_nothing_in_it_names_a_person(place: LocalTelegram, gildong: Customer) -> None:
    await gildong.reissues(GILDONG)
    secrets = [GILDONG.name, GILDONG.phone, GILDONG.account, GILDONG.idn, GILDONG.email, PASSWORD, TOKEN]

    said = "".join([(await got(place, path))[1] for path in ("/metrics", "/readyz", "/healthz")])

    assert not found_in(said.encode(), [*secrets, GILDONG.customer_id])
    assert 'lane="' not in said
    assert "101" not in {value for key in await figures(place) for value in key[1:]}


async def test_a_refusal_is_counted_by_its_code(place: LocalTelegram, gildong: Customer) -> None:
    serial = place.serials[GILDONG.customer_id]
    place.authority.hold(serial, "hold")
    await gildong.applies(GILDONG)
    await gildong.taps("button.submit")
    await gildong.sees("notice.refused")
    await place.quiet()

    found = await figures(place)

    assert found["reissue_applications_refused_total", "R07"] == 1
    assert found["reissue_certificates", "hold"] == 1
    assert found["reissue_cases", "refused"] == 1


async def test_a_messenger_that_is_away_is_told(place: LocalTelegram, gildong: Customer) -> None:
    meter = place.app.sources.meter
    await place.messenger.stop()
    meter.heard_at = meter.clock() - 3600

    status, found = await checks(place)

    assert status == 503
    assert [name for name, each in found.items() if not each["ok"]] == ["messenger"]
    assert "has not answered for 3600 s" in str(found["messenger"]["why"])
    assert (await got(place, "/healthz"))[0] == 200


async def test_an_update_that_nobody_works_on_is_told(place: LocalTelegram, gildong: Customer) -> None:
    place.app.telegram.processor._busy.add("chat:9")
    with closing(sqlite3.connect(place.settings.storage.data_dir / "desk.db")) as other, other:
        other.execute(
            "INSERT INTO inbox (update_id, lane, sealed, due_at, came_at)"
            " VALUES (7, 'chat:9', x'00', unixepoch() - 600, unixepoch() - 700)"
        )

    status, found = await checks(place)

    assert status == 503
    assert str(found["queues"]["why"]).startswith("inbox waits for 60")
    seen = await figures(place)
    assert (seen["reissue_inbox_waiting",], seen["reissue_ready", "queues"]) == (1, 0)
    assert 600 <= seen["reissue_inbox_overdue_seconds",] < 660
    assert 700 <= seen["reissue_inbox_oldest_seconds",] < 760


async def test_a_database_on_which_another_sits_is_told(place: LocalTelegram, gildong: Customer) -> None:
    with closing(sqlite3.connect(place.settings.storage.data_dir / "desk.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        status, found = await checks(place)
        other.execute("ROLLBACK")

    assert status == 503
    assert found["database"] == {"ok": False, "why": "no answer within 1 s"}
    assert found["queues"]["ok"] is True, "to read is still possible"


async def test_metrics_behind_a_token(template: Path, tmp_path: Path) -> None:
    settings = {"LISTEN": f"127.0.0.1:{free_port()}", "METRICS_TOKEN": METRICS_TOKEN}
    async with local_telegram(template, tmp_path / "data", [GILDONG], [persona(GILDONG, 101)], **settings) as place:
        for wrong in ("", "Bearer", f"Bearer {METRICS_TOKEN}x", f"Basic {METRICS_TOKEN}", "Bearer é"):
            assert await got(place, "/metrics", Authorization=wrong) == (401, "")
        assert await figures(place, Authorization=f"Bearer {METRICS_TOKEN}")


@pytest.mark.parametrize("header", ["X-Forwarded-For", "Forwarded", "X-Real-IP", "Via"])
async def test_without_a_token_who_comes_through_a_proxy_is_refused(
    template: Path, tmp_path: Path, header: str
) -> None:
    settings = {"LISTEN": f"127.0.0.1:{free_port()}"}
    async with local_telegram(template, tmp_path / "data", [GILDONG], [persona(GILDONG, 101)], **settings) as place:
        assert await got(place, "/metrics", **{header: "127.0.0.1"}) == (403, "")
        assert (await got(place, "/readyz", **{header: "127.0.0.1"}))[0] == 200
