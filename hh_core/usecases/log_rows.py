"""Rows of SPAN_LOGS from a record of log records: where each stands, by span and by what it says.

What a record says is not looked at: facts of the index come from spans alone, so that they never
depend on which came first.
"""

from collections import Counter
from collections.abc import Iterable
from uuid import UUID

from hh_core.domain.log_record import LogRecord
from hh_core.domain.telemetry import MAX_TIME_NS
from hh_core.usecases.receipt import Receipt
from hh_core.wire.otlp_logs import log_id

COLUMNS = ("trace_id", "span_id", "log_id", "version", "is_event", "time_ns", "ordinal")
"""What a row has from the log record itself."""

Cells = tuple[bytes, bytes, UUID, bytes, int, int, int]


def rows_of(receipt: Receipt, records: Iterable[tuple[int, LogRecord]]) -> tuple[list[Cells], int]:
    """The cells of ``COLUMNS`` for each record that names a span, and how many name none.

    Two that say the same are one record sent twice. Those without any time may be two, so there
    the second of a request is told from the first.
    """
    rows: list[Cells] = []
    untimed: Counter[UUID] = Counter()
    apart = 0
    for ordinal, record in records:
        if not record.span_id:
            apart += 1
            continue
        id_ = log_id(record)
        if not record.at_ns:
            untimed[id_] += 1
            id_ = log_id(record, untimed[id_])
        rows.append(
            (
                record.trace_id,
                record.span_id,
                id_,
                receipt.version(ordinal),
                int(bool(record.name)),
                min(record.at_ns, MAX_TIME_NS),
                ordinal,
            )
        )
    return rows, apart
