"""The dashboard and the alerts name every metric there is, and none that does not exist."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from prometheus_client.parser import text_string_to_metric_families

from tests.support.authority_server import free_port
from tests.support.customers import GILDONG, persona
from tests.support.local_telegram import local_telegram

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD: dict[str, Any] = json.loads((DEPLOY / "grafana.json").read_text(encoding="utf-8"))
ALERTS = (DEPLOY / "alerts.yaml").read_text(encoding="utf-8")
NAME = re.compile(r"\b(?:reissue|process)_[a-z_]+")
LABELS = re.compile(r"by \(([a-z_, ]+)\)|\{([a-z_]+)[!=~]|\{\{(?: \$labels\.)?([a-z_]+) ?\}\}")
#: What Prometheus itself adds.
GIVEN = {"instance", "le"}
OURS = {"check", "outcome", "channel", "code", "state", "phase", "kind", "topic", "useful", "status", "list"}
OURS |= {"part"}
RULE = re.compile(
    r"^ +expr: .+\n(?: +for: \d+m\n)? +labels: \{severity: (?:warning|critical)\}\n +annotations:\n +summary: .+$",
    re.MULTILINE,
)
WIDTH = 24


def panels() -> list[dict[str, Any]]:
    return [each for each in DASHBOARD["panels"] if each["type"] != "row"]


def of_the_dashboard() -> Iterator[str]:
    for panel in panels():
        for target in panel["targets"]:
            yield target["expr"]


def of_the_alerts() -> list[str]:
    return re.findall(r"^ +expr: (.+)$", ALERTS, re.MULTILINE)


@pytest.fixture
async def scraped(template: Path, tmp_path: Path) -> dict[str, set[str]]:
    """The names of all samples and their families, from a real scrape."""
    address = f"127.0.0.1:{free_port()}"
    people = [persona(GILDONG, 101)]
    async with (
        local_telegram(template, tmp_path / "data", [GILDONG], people, LISTEN=address),
        aiohttp.ClientSession() as session,
        session.get(f"http://{address}/metrics") as answer,
    ):
        text = await answer.text()
    suffixes = {"counter": ("_total",), "histogram": ("_bucket", "_count", "_sum"), "gauge": ("",)}
    return {
        family.name: {f"{family.name}{suffix}" for suffix in suffixes[family.type]}
        for family in text_string_to_metric_families(text)
    }


async def test_every_figure_is_shown_or_warned_of_and_none_is_made_up(scraped: dict[str, set[str]]) -> None:
    named = {name for query in (*of_the_dashboard(), *of_the_alerts()) for name in NAME.findall(query)}
    there = {name for names in scraped.values() for name in names}

    assert named - there == set(), "no such figure"
    assert {family for family, names in scraped.items() if not names & named} == set(), "nobody looks at it"


def test_the_dashboard_can_be_imported() -> None:
    assert DASHBOARD["uid"] == "reissue-bot"
    assert "id" not in DASHBOARD, "an id belongs to one Grafana"
    ids = [each["id"] for each in DASHBOARD["panels"]]
    assert len(ids) == len(set(ids))
    (variable,) = DASHBOARD["templating"]["list"]
    sources = [each["datasource"] for each in panels()]
    sources += [target["datasource"] for each in panels() for target in each["targets"]]
    assert {each["uid"] for each in sources} == {f"${{{variable['name']}}}"}
    assert all(each["title"] and each["targets"] for each in panels())


def test_no_panel_lies_on_another() -> None:
    taken: set[tuple[int, int]] = set()
    for each in DASHBOARD["panels"]:
        place = each["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not taken & cells, each["title"]
        assert place["x"] + place["w"] <= WIDTH
        taken |= cells


def test_every_alert_says_what_to_look_at() -> None:
    rules = ALERTS.split("      - alert: ")[1:]
    names = [rule.partition("\n")[0] for rule in rules]
    assert len(names) == len(set(names)) > 10
    page = (DEPLOY.parent / "docs" / "watching.md").read_text(encoding="utf-8")
    for name, rule in zip(names, rules, strict=True):
        assert f"`{name}`" in page, f"docs/watching.md does not say what to do about {name}"
        assert RULE.search(rule), name
    for needed in ("inbox_parked", "outbox_overdue", "crl_stale_in", "jobs_dead", "reissue_ready"):
        assert [query for query in of_the_alerts() if needed in query]


def test_labels_are_those_that_figures_have() -> None:
    shown = [target["legendFormat"] for each in panels() for target in each["targets"]]
    for text in (*of_the_dashboard(), *of_the_alerts(), *shown):
        for groups in LABELS.findall(text):
            for label in re.findall(r"[a-z_]+", " ".join(groups)):
                assert label in OURS | GIVEN, text
