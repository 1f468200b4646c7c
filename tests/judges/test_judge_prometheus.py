"""Prometheus' own tool judges the figures, the queries of the dashboard, and what the alerts say and when."""

import json
import shutil
import subprocess
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.issuing.port import ListAge
from bot.monitoring import exposition
from bot.monitoring.figures import desk_figures
from bot.monitoring.meter import Meter
from bot.monitoring.readiness import Check
from bot.storage.sqlite import SqliteTransaction, _connect, _migrate

pytestmark = pytest.mark.judge
DEPLOY = Path(__file__).parents[2] / "deploy"

#: What is seen minute by minute, and which alert says what at which minute.
SEEN = {
    'reissue_ready{instance="a",check="database"}': "1 1 0 0 0 0 0",
    "reissue_inbox_parked": "0 0 0 1 1 1 1",
    "reissue_outbox_overdue_seconds": "0 0 70 130 190 250 310",
    "reissue_jobs_dead": "0 0 0 0 0 1 1",
    'reissue_crl_stale_in_seconds{list="issuing"}': "80000 80000 80000 20000 20000 20000 20000",
    'reissue_crl_stale_in_seconds{list="root"}': "9000000 9000000 9000000 900000 900000 900000 900000",
}
SAID: list[tuple[int, str, dict[str, str], str]] = [
    (1, "ReissueBotNotReady", {}, ""),
    (5, "ReissueBotSilent", {}, ""),
    (
        5,
        "ReissueBotNotReady",
        {"severity": "critical", "instance": "a", "check": "database"},
        "a is not ready: database. /readyz says why.",
    ),
    (
        4,
        "ReissueUpdatesParked",
        {"severity": "warning"},
        "1 updates could not be handled. Each customer was given a reference; the log has it.",
    ),
    (5, "ReissueOutboxLag", {"severity": "critical"}, "A message has been waiting for us for 4m 10s."),
    (
        5,
        "ReissueJobsDead",
        {"severity": "critical"},
        "1 jobs are dead; their applications wait until somebody looks.",
    ),
    (
        4,
        "ReissueListNearStale",
        {"severity": "critical", "list": "issuing"},
        "Revocation list issuing is stale in 5h 33m 20s; it should be renewed every hour.",
    ),
    (
        4,
        "ReissueRootListNearStale",
        {"severity": "warning"},
        "The root's list is stale in 10d 10h 0m 0s. With the root's key apart, only a ceremony makes the next.",
    ),
]


def promtool(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("promtool is not installed")
    return subprocess.run([program, *arguments], input=given, capture_output=True, check=False)


def figures() -> bytes:
    with closing(_connect(":memory:")) as connection:
        _migrate(connection)
        desk = desk_figures(SqliteTransaction(connection), datetime.now(UTC))
    parts = (
        Meter().registry.collect(),
        exposition.desk_families(desk),
        exposition.readiness_families([Check("database", ok=True, why="")]),
        exposition.certificate_families({"good": 1}),
        exposition.list_families([ListAge("root", 1, 2)]),
        exposition.missing_families({"desk": False}),
    )
    return exposition.text([family for part in parts for family in part])


def test_the_figures_are_named_and_written_as_prometheus_wants_them() -> None:
    said = promtool("check", "metrics", given=figures())
    assert (said.returncode, said.stdout, said.stderr) == (0, b"", b"")


def test_every_query_of_the_dashboard_is_one(tmp_path: Path) -> None:
    panels = json.loads((DEPLOY / "grafana.json").read_text(encoding="utf-8"))["panels"]
    queries = [target["expr"] for panel in panels for target in panel.get("targets", ())]
    rules = [{"record": f"query:{number}", "expr": query} for number, query in enumerate(queries)]
    file = tmp_path / "queries.yaml"
    file.write_text(json.dumps({"groups": [{"name": "dashboard", "rules": rules}]}))  # JSON is YAML

    said = promtool("check", "rules", str(file))

    assert said.returncode == 0, said.stdout + said.stderr
    assert f"{len(queries)} rules found".encode() in said.stdout


def test_the_alerts_say_what_they_should_when_they_should(tmp_path: Path) -> None:
    expected: list[dict[str, Any]] = [
        {
            "eval_time": f"{minute}m",
            "alertname": name,
            "exp_alerts": [{"exp_labels": labels, "exp_annotations": {"summary": summary}}] if summary else [],
        }
        for minute, name, labels, summary in SAID
    ]
    series = [{"series": name, "values": values} for name, values in SEEN.items()]
    test = {"interval": "1m", "input_series": series, "alert_rule_test": expected}
    file = tmp_path / "test.yaml"
    rules = {"rule_files": [str(DEPLOY / "alerts.yaml")], "evaluation_interval": "1m", "tests": [test]}
    file.write_text(json.dumps(rules, ensure_ascii=False), encoding="utf-8")

    assert promtool("check", "rules", str(DEPLOY / "alerts.yaml")).returncode == 0
    said = promtool("test", "rules", str(file))
    assert said.returncode == 0, said.stdout + said.stderr
