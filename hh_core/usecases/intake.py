"""Take telemetry records from data planes: check them against the allow-list, queue them, answer.

The intake trusts nobody: a data plane is another owner's machine. What it stores are rows that
passed ``hh_core.wire.telemetry.check``; what it answers are codes and counts.
"""

import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from uuid import UUID

from hh_core.domain.segments import is_segment_name
from hh_core.errors import RejectedError
from hh_core.ports.queue import EVENTS, Message, Queue
from hh_core.ports.records import Document, Records
from hh_core.usecases.receipts import Range, Receipts, covers
from hh_core.wire.pb.telemetry_pb2 import (
    Accepted,
    AppendRequest,
    AppendResponse,
    Awaited,
    Batch,
    Refusal,
)
from hh_core.wire.telemetry import FORMAT_VERSION, encode
from hh_core.wire.telemetry_check import Checked, check

DATA_PLANES = "data-planes"
"""The kind of what a control plane knows of each data plane: ``seen_ms``, ``backlog`` (segments
without a receipt), ``oldest_ms`` (when the oldest of them was begun, 0 for none)."""

DP_ID = re.compile(r"[a-z0-9-]{1,32}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_DIGEST = re.compile(r"[0-9a-f]{16}")
_MOST_NAMED = 1000
_MOST_REFUSALS = 100
_SEEN_EVERY_MS = 1000


class Intake:
    """``__call__`` answers one Append of a data plane whose identity is already proved."""

    def __init__(self, queue: Queue, records: Records, *, now_ms: Callable[[], int]) -> None:
        self._queue = queue
        self._records = records
        self._receipts = Receipts(records, now_ms=now_ms)
        self._now_ms = now_ms
        self._seen: dict[str, tuple[int, int]] = {}
        self.counts: Counter[str] = Counter()
        """Rows by outcome: ``accepted``, ``repeated``, ``refused``; ``receipts`` given."""

    async def __call__(
        self, dp_id: str, request: AppendRequest, *, projects: Collection[UUID] | None = None
    ) -> AppendResponse:
        """Queue the request's rows, durably, and say which segments are done. Rows of other
        ``projects`` are refused; None: any project.

        Raises ``RejectedError`` when the request itself is malformed (nothing was stored) and
        ``UnavailableError`` when it should be sent again.
        """
        _require_well_formed(dp_id, request)
        checked = [
            check(batch.arrow, dp_id=dp_id, segment=batch.segment, projects=projects)
            for batch in request.batches
        ]
        for batch, rows in zip(request.batches, checked, strict=True):
            _require(rows.total == batch.rows, "batch.rows: not the number of rows sent")
        if request.acknowledged:
            await self._receipts.forget(dp_id, list(request.acknowledged))
        noted = await self._receipts.written(dp_id, _segments(request))
        parts = list(zip(request.batches, checked, strict=True))
        new = [(batch, rows) for batch, rows in parts if not _is_noted(noted, batch)]
        await self._enqueue(dp_id, new)
        await self._note_seen(dp_id, request)
        self.counts["repeated"] += sum(rows.total for rows in checked)
        self.counts["repeated"] -= sum(rows.total for _, rows in new)
        receipts = [wanted.segment for wanted in request.awaiting if _is_done(noted, wanted)]
        self.counts["receipts"] += len(receipts)
        accepted = [_accepted(batch, rows) for batch, rows in parts]
        return AppendResponse(accepted=accepted, receipts=receipts)

    async def _enqueue(self, dp_id: str, parts: Sequence[tuple[Batch, Checked]]) -> None:
        if not parts:
            return
        await self._queue.publish(EVENTS, [_message(dp_id, batch, rows) for batch, rows in parts])
        for _, rows in parts:
            self.counts["accepted"] += rows.batch.num_rows
            self.counts["refused"] += rows.total - rows.batch.num_rows

    async def _note_seen(self, dp_id: str, request: AppendRequest) -> None:
        """At most once a second, but always that a data plane has caught up."""
        now = self._now_ms()
        when, backlog = self._seen.get(dp_id, (0, 0))
        caught_up = backlog > 0 and request.backlog_segments == 0
        if now - when < _SEEN_EVERY_MS and not caught_up:
            return
        self._seen[dp_id] = (now, request.backlog_segments)
        value = {
            "seen_ms": now,
            "backlog": request.backlog_segments,
            "oldest_ms": request.oldest_ms,
        }
        async with self._records.begin() as unit:
            await unit.merge(DATA_PLANES, {dp_id: value})


def _is_noted(noted: Mapping[str, Document], batch: Batch) -> bool:
    """Whether the rows of ``batch`` are in the index already: a re-sent one need not be queued."""
    return covers(noted.get(batch.segment, {}), batch.digest, batch.first_row, batch.rows)


def _is_done(noted: Mapping[str, Document], wanted: Awaited) -> bool:
    return covers(noted.get(wanted.segment, {}), wanted.digest, 0, wanted.total_rows)


def message_range(message: Message) -> Range:
    """Which rows a message of the events stream carries. Raises ``RejectedError`` if it does not
    say."""
    try:
        segment, digest, first, rows = message.headers["range"].split("/")
        return Range(message.key, segment, digest, int(first), int(rows))
    except (KeyError, ValueError):
        raise RejectedError("the message does not name its rows") from None


def _message(dp_id: str, batch: Batch, checked: Checked) -> Message:
    where = f"{batch.segment}/{batch.digest}/{batch.first_row}/{batch.rows}"
    return Message(
        key=dp_id,
        body=encode(checked.batch),
        headers={"range": where},
        id=f"{dp_id}:{where}:{batch.attempt}",
    )


def _accepted(batch: Batch, checked: Checked) -> Accepted:
    return Accepted(
        segment=batch.segment,
        first_row=batch.first_row,
        rows=batch.rows,
        refusals=[
            Refusal(row=batch.first_row + row, code=code)
            for row, code in checked.refusals[:_MOST_REFUSALS]
        ],
        refused_rows=checked.total - checked.batch.num_rows,
    )


def _require_well_formed(dp_id: str, request: AppendRequest) -> None:
    _require(request.format_version == FORMAT_VERSION, "format_version: not one I read")
    _require(DP_ID.fullmatch(dp_id) is not None, "dp_id: neither a slug nor a UUID")
    _require(len(request.awaiting) <= _MOST_NAMED, "awaiting: more than 1000")
    _require(len(request.acknowledged) <= _MOST_NAMED, "acknowledged: more than 1000")
    _require(len(request.batches) <= _MOST_NAMED, "batches: more than 1000")
    for name in (*_segments(request), *request.acknowledged):
        _require(is_segment_name(name), "segment: not the name of a segment")
    digests = [*(part.digest for part in request.batches), *(w.digest for w in request.awaiting)]
    for digest in digests:
        _require(_DIGEST.fullmatch(digest) is not None, "digest: not 16 hexadecimal digits")
    for batch in request.batches:
        whole = batch.first_row + batch.rows <= batch.total_rows
        _require(whole and batch.rows > 0, "batch: its rows are not among the segment's")


def _segments(request: AppendRequest) -> Sequence[str]:
    """All that the request sends or waits for, each once."""
    sent = [batch.segment for batch in request.batches]
    return list(dict.fromkeys([*sent, *(wanted.segment for wanted in request.awaiting)]))


def _require(holds: bool, message: str) -> None:
    if not holds:
        raise RejectedError(message)
