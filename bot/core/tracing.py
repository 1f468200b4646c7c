"""Traces (OpenTelemetry) of the bot's work; off unless a collector is named and the extra `otel` is installed.

A span has a name, a kind of work and the reference that its customer was given; never a text, a recipient or an
address, because those may name a person or contain a token.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from bot.core import correlation

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor

logger = logging.getLogger(__name__)

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
SERVICE = "reissue-bot"
REFERENCE = "reissue_bot.reference"


class Provider(Protocol):
    def shutdown(self) -> None: ...


def started() -> Provider | None:
    """Start tracing, if it is wanted and possible. The caller ends it with `shutdown`, which may take seconds."""
    if not os.environ.get(ENDPOINT):
        return None
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415
    except ImportError:
        logger.warning("no traces: the extra `otel` is not installed")
        return None
    return tracing(BatchSpanProcessor(OTLPSpanExporter()))


def tracing(processor: "SpanProcessor") -> Provider:
    """Make a span for every piece of work that has a reference, and give it to this processor."""
    from opentelemetry.sdk.resources import Resource  # noqa: PLC0415 - an extra
    from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415

    provider = TracerProvider(resource=Resource.create({"service.name": SERVICE}))
    provider.add_span_processor(processor)
    tracer = provider.get_tracer(SERVICE)

    @contextmanager
    def span(work: str, about: str) -> Iterator[None]:
        # The text of an exception may be what a customer wrote.
        with tracer.start_as_current_span(
            work, attributes={REFERENCE: about}, record_exception=False, set_status_on_exception=False
        ):
            yield

    correlation.follow(span)
    return Ended(provider)


class Ended:
    """A provider that is detached before it ends."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider

    def shutdown(self) -> None:
        correlation.follow(None)
        self._provider.shutdown()
