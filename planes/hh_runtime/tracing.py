"""A process traces itself with OpenTelemetry when its file says where to; else spans cost nothing.

Spans carry ids, counts and durations, never content.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from opentelemetry import trace

from hh_core.errors import ConfigError

if TYPE_CHECKING:
    from hh_runtime.config import TracingConfig


@contextmanager
def configure_tracing(config: "TracingConfig | None", process: str) -> Iterator[None]:
    """Export spans while the block runs. Raises ``ConfigError`` without an exporter installed."""
    if config is None:
        yield
        return
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    except ImportError as error:
        raise ConfigError(
            "[tracing] needs the package opentelemetry-exporter-otlp-proto-http"
        ) from error
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio

    provider = TracerProvider(
        resource=Resource.create({"service.name": process}),
        sampler=ParentBasedTraceIdRatio(config.sample_ratio),
    )
    endpoint = f"{config.endpoint.rstrip('/')}/v1/traces"
    provider.add_span_processor(
        BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint, headers=config.headers))
    )
    trace.set_tracer_provider(provider)
    try:
        yield
    finally:
        provider.shutdown()
