"""Metrics in Prometheus' text format. Every label value is a word of ours; none comes from outside."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from bot.issuing.port import ListAge, Status
from bot.monitoring.figures import Applications, DeskFigures, Issuing, Queue
from bot.monitoring.readiness import Check

#: The version whose metric names are letters, digits and underscores; every Prometheus reads it.
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
STUCK = {"inbox": "parked", "outbox": "dead", "jobs": "dead"}


class _Collector(Collector):
    def __init__(self, families: Iterable[Metric]) -> None:
        self._families = tuple(families)

    def collect(self) -> Iterable[Metric]:
        return self._families


def text(families: Iterable[Metric]) -> bytes:
    registry = CollectorRegistry()
    registry.register(_Collector(map(_without_birthdays, families)))
    return generate_latest(registry)


def _without_birthdays(family: Metric) -> Metric:
    """Leave out when a series was created: that would double the number of series, and nobody uses it."""
    family.samples = [each for each in family.samples if not each.name.endswith("_created")]
    return family


def desk_families(figures: DeskFigures) -> Iterator[Metric]:
    for name in ("inbox", "outbox", "jobs"):
        yield from _queue(name, getattr(figures, name))
    yield _gauge("reissue_cases", "Open cases by phase", ("phase",), _of_one(figures.cases))
    yield from _applications(figures.applications)
    yield _issuing(figures.issuing)
    yield _gauge(
        "reissue_faq_open_questions",
        "Questions of the last 90 days that were left open, by kind and nearest topic",
        ("kind", "topic"),
        figures.gaps.items(),
    )
    marks = CounterMetricFamily(
        "reissue_faq_marks", "How often customers found an article useful, or not", labels=("topic", "useful")
    )
    for (topic, useful), times in figures.marks.items():
        marks.add_metric((topic, "yes" if useful else "no"), times)
    yield marks


def _gauge(
    name: str, about: str, labels: tuple[str, ...], values: Iterable[tuple[tuple[str, ...], float]]
) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, about, labels=labels)
    for key, value in values:
        family.add_metric(key, value)
    return family


def _of_one(values: Mapping[Any, float]) -> Iterator[tuple[tuple[str, ...], float]]:
    return (((str(key),), float(value)) for key, value in values.items())


def _queue(name: str, queue: Queue) -> Iterator[Metric]:
    stuck = STUCK[name]
    yield GaugeMetricFamily(f"reissue_{name}_waiting", f"Rows that wait: {name}", queue.waiting)
    yield GaugeMetricFamily(f"reissue_{name}_oldest_seconds", f"Age of the oldest that waits: {name}", queue.oldest_s)
    yield GaugeMetricFamily(
        f"reissue_{name}_overdue_seconds",
        f"For how long a head has been waiting for us; others' patience is not counted: {name}",
        queue.overdue_s,
    )
    yield GaugeMetricFamily(f"reissue_{name}_{stuck}", f"Given up, until somebody looks: {name}", queue.stuck)


def _applications(found: Applications) -> Iterator[Metric]:
    yield CounterMetricFamily("reissue_applications_submitted", "Applications that were submitted", found.submitted)
    yield CounterMetricFamily("reissue_applications_issued", "Applications that led to a certificate", found.issued)
    refused = CounterMetricFamily(
        "reissue_applications_refused", "Applications that were refused, by code", labels=("code",)
    )
    for code, times in found.refused.items():
        refused.add_metric((code,), times)
    yield refused
    yield _gauge(
        "reissue_applications_open",
        "Applications between: being decided, or approved and not issued yet",
        ("state",),
        _of_one({"deciding": found.deciding, "approved": found.approved}),
    )


def _issuing(issuing: Issuing) -> Metric:
    buckets: list[tuple[str, float]] = []
    total = 0
    for bound, times in issuing.by_bound.items():
        total += times
        buckets.append(("+Inf" if bound is None else f"{bound}.0", total))
    return HistogramMetricFamily(
        "reissue_issue_seconds",
        "From the application to the certificate, the customer's own time included",
        buckets,
        issuing.seconds,
    )


def certificate_families(counts: Mapping[Status, int]) -> Iterator[Metric]:
    yield _gauge(
        "reissue_certificates",
        "Certificates by status; those that ended stay what they were",
        ("status",),
        _of_one(counts),
    )


def list_families(ages: Iterable[ListAge]) -> Iterator[Metric]:
    every = tuple(ages)
    yield _gauge(
        "reissue_crl_age_seconds",
        "Age of each revocation list",
        ("list",),
        _of_one({each.name: each.age_s for each in every}),
    )
    yield _gauge(
        "reissue_crl_stale_in_seconds",
        "Seconds until nobody accepts the list any more",
        ("list",),
        _of_one({each.name: each.left_s for each in every}),
    )


def readiness_families(checks: Iterable[Check]) -> Iterator[Metric]:
    yield _gauge(
        "reissue_ready",
        "What /readyz says, by check; 1 is well",
        ("check",),
        _of_one({each.name: each.ok for each in checks}),
    )


def missing_families(missing: Mapping[str, bool]) -> Iterator[Metric]:
    yield _gauge(
        "reissue_figures_missing",
        "Whether a part of these figures could not be had now",
        ("part",),
        _of_one(missing),
    )
