"""The three signals of OTLP: where each is sent to, what it becomes, and how it is answered."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from google.protobuf.message import Message
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import (
    ExportMetricsServiceResponse,
)
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceResponse

from hh_core.domain.policy import Operation, Plane, operation
from hh_core.domain.segments import RecordKind
from hh_core.wire.otlp import Checked


@dataclass(frozen=True, slots=True)
class Signal:
    name: str
    """As in its path and in ``[otlp]``."""
    kind: RecordKind
    service: str
    """Of OTLP/gRPC."""
    answer: Callable[[Checked], Message]
    items: str
    """What one of its requests holds, as it is counted."""

    @property
    def operations(self) -> Mapping[str, Operation]:
        """The paths, and what the policy says of each."""
        return {
            f"/v1/{self.name}": operation(Plane.DATA, f"receive_{self.name}"),
            f"/opentelemetry/v1/{self.name}": operation(Plane.DATA, f"receive_{self.name}_sdk"),
        }

    @property
    def refusal(self) -> str:
        """What a client is told where this data plane does not take the signal."""
        return f'{self.name} are not taken here ([otlp] {self.name} = "refuse"); do not send them'


def _traces(checked: Checked) -> ExportTraceServiceResponse:
    """``partial_success`` is unset when everything was taken, and nothing is to be said of it."""
    response = ExportTraceServiceResponse()
    if checked.problem:
        response.partial_success.rejected_spans = checked.rejected
        response.partial_success.error_message = checked.problem
    return response


def _logs(checked: Checked) -> ExportLogsServiceResponse:
    response = ExportLogsServiceResponse()
    if checked.problem:
        response.partial_success.rejected_log_records = checked.rejected
        response.partial_success.error_message = checked.problem
    return response


def _metrics(checked: Checked) -> ExportMetricsServiceResponse:
    response = ExportMetricsServiceResponse()
    if checked.problem:
        response.partial_success.rejected_data_points = checked.rejected
        response.partial_success.error_message = checked.problem
    return response


_COLLECTOR = "opentelemetry.proto.collector"
TRACES = Signal(
    "traces", RecordKind.TRACES, f"{_COLLECTOR}.trace.v1.TraceService", _traces, "spans"
)
LOGS = Signal("logs", RecordKind.LOGS, f"{_COLLECTOR}.logs.v1.LogsService", _logs, "log_records")
METRICS = Signal(
    "metrics",
    RecordKind.METRICS,
    f"{_COLLECTOR}.metrics.v1.MetricsService",
    _metrics,
    "data_points",
)
SIGNALS = (TRACES, LOGS, METRICS)
