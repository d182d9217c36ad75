"""What ingest counts. Labels are enumerations: no tenant, no content."""

from collections import Counter
from dataclasses import dataclass, field

from prometheus_client import Histogram

from hh_core.wire.otlp import Checked

ACK_SECONDS = Histogram(
    "hh_ingest_ack_seconds",
    "From the whole body to the acknowledgement",
    buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0),
)


@dataclass(frozen=True, slots=True)
class Counts:
    """Totals since the process began, by outcome."""

    http: Counter[str] = field(default_factory=Counter)
    """Answers to OTLP/HTTP, by status."""
    grpc: Counter[str] = field(default_factory=Counter)
    """Answers to OTLP/gRPC, by code."""
    rest: Counter[str] = field(default_factory=Counter)
    """Answers to REST writes, by status."""
    spans: Counter[str] = field(default_factory=Counter)
    """Spans of acknowledged exports: stored, and rejected for their ids."""
    log_records: Counter[str] = field(default_factory=Counter)
    """Likewise; which of them belong to a span is found out by dispatch."""
    data_points: Counter[str] = field(default_factory=Counter)
    """Of metrics that are kept."""
    body_bytes: Counter[str] = field(default_factory=Counter)
    """Bytes of acknowledged bodies as they came, by surface."""

    def acknowledged(
        self, surface: str, items: str, checked: Checked, size: int, seconds: float
    ) -> None:
        """``items``: which of the counters they belong to."""
        ACK_SECONDS.observe(seconds)
        counted: Counter[str] = getattr(self, items)
        counted["stored"] += checked.items - checked.rejected
        counted["rejected"] += checked.rejected
        self.body_bytes[surface] += size
