"""Carry telemetry records from this data plane to its control plane, for as long as that takes.

Dispatch spools a segment's telemetry at ``relay/<segment>``; an object goes only when the control
plane has receipted all of its rows. What is in flight lives in memory: after a crash it is sent
again, which changes nothing over there. Nothing here makes ingestion or reading wait: while the
control plane is away the spool grows to ``max_bytes``, then ``room`` says no, dispatch spools no
more, and the reconciler has those segments dispatched again later.
"""

import asyncio
import logging
import random
import re
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from hh_core.domain.segments import KIND, RELAY, is_segment_name, relay_key, segment_created_ms
from hh_core.errors import NotFoundError, PortError, RejectedError
from hh_core.ports.objects import ObjectInfo, Objects
from hh_core.ports.records import Records
from hh_core.usecases.lease import Lease
from hh_core.wire.pb.telemetry_pb2 import Accepted, AppendRequest, AppendResponse, Awaited, Batch
from hh_core.wire.telemetry import FORMAT_VERSION, digest, slices

log = logging.getLogger(__name__)

_PAGE = 1000
_COUNT_EVERY = 60.0
"""Seconds after which a spool of more than a page is counted anew."""


class Link(Protocol):
    """The way to the control plane's intake, with this data plane's identity on it."""

    async def append(self, request: AppendRequest) -> AppendResponse:
        """Raises ``UnavailableError`` (send again), ``DeniedError`` (the identity is refused) or
        ``RejectedError`` (this request will never be taken as it is)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class RelayLimits:
    max_bytes: int = 1 << 30
    """Ceiling of the spool."""
    window: int = 64
    """Segments that may wait for their receipt."""
    batch_rows: int = 2_000
    """Rows of one batch. A row is under 1.5 KB, so that a request with one stays under 4 MiB."""
    request_bytes: int = 3_500_000
    """A request takes more batches, of any segments, up to here."""
    gather_seconds: float = 0.04
    """Dispatch spools the segments of one batch after another: they go when no more have come for
    this long, but not later than after five times of it."""
    poll_seconds: float = 0.5
    resend_seconds: float = 30.0
    """When to send again what is not receipted; doubled each time, up to ``longest_resend``."""
    longest_resend: float = 60.0
    longest_pause: float = 5.0
    """Between two tries while the control plane is away."""
    lease_seconds: float = 15.0
    heartbeat_seconds: float = 10.0
    """How often to call when there is nothing to send: the control plane shows who is there."""


@dataclass(slots=True)
class _Sent:
    """A segment on its way; ``due`` on the loop's clock is when it is sent again."""

    digest: str
    total_rows: int
    attempt: int
    due: float
    refused: int = 0
    is_rejected: bool = False
    """The control plane does not take it as it is: it must not hold up the others."""


class Relay:
    """One of these runs in each dispatch process; the lease makes one of them send."""

    def __init__(
        self,
        objects: Objects,
        records: Records,
        link: Link,
        *,
        dp_id: str,
        process: str,
        limits: RelayLimits | None = None,
        now_ms: Callable[[], int] = lambda: time.time_ns() // 1_000_000,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._objects = objects
        self._records = records
        self._link = link
        self._dp_id = dp_id
        self._limits = limits or RelayLimits()
        self._now_ms = now_ms
        self._clock = clock
        self._lease = Lease(
            records, "relay", process, seconds=self._limits.lease_seconds, now_ms=now_ms
        )
        self._sent: dict[str, _Sent] = {}
        self._acknowledged: list[str] = []
        self._spooled: Sequence[ObjectInfo] = ()
        """The oldest of the spool, at most a page."""
        self._backlog = 0
        self._bytes = 0
        self._counted = -_COUNT_EVERY
        self._nudged = asyncio.Event()
        self._called = 0.0
        self.counts: Counter[str] = Counter()
        """Totals by what happened: ``sent``, ``resent``, ``receipted``, ``refused`` (rows)."""

    def room(self) -> bool:
        """Whether dispatch may spool one more segment. Looks at the last listing and at what was
        announced since, so several processes may overshoot by what they spool in a poll."""
        return self._bytes < self._limits.max_bytes

    def spooled(self, size: int) -> None:
        """Dispatch has put an object of ``size`` bytes under ``relay/``: send it soon."""
        self._bytes += size
        self._nudged.set()

    @property
    def backlog(self) -> int:
        """Segments spooled and not receipted, as last counted."""
        return self._backlog

    @property
    def backlog_bytes(self) -> int:
        return self._bytes

    async def run(self, stopping: asyncio.Event) -> None:
        """Relay until ``stopping`` is set. Errors pause it, up to ``longest_pause``."""
        failures = 0
        while not stopping.is_set():
            try:
                await self.step()
                if failures:
                    log.info("relaying goes on")
                failures = 0
            except PortError as error:
                failures += 1
                log.log(_level(failures), "relaying pauses: %s", error)
            await self._pause(failures, stopping)
        try:
            await self._lease.release()
        except PortError:
            log.info("the relay's lease runs out by itself")

    async def step(self) -> None:
        """One pass: list, send what is new or overdue, ask for receipts, settle them."""
        self._nudged.clear()
        await self._look()
        if not await self._lease.held():
            self._sent.clear()
            return
        if await self._send(self._next()):
            return  # the answers have told of receipts
        is_silent = self._clock() - self._called >= self._limits.heartbeat_seconds
        if self._sent or self._acknowledged or is_silent:
            await self._exchange([])

    async def _look(self) -> None:
        """Learn the oldest of the spool, and now and then how long it is."""
        page = await self._objects.list(RELAY, limit=_PAGE)
        self._spooled = _segments(page)
        counted = list(self._spooled)
        if len(page) == _PAGE:
            if self._clock() - self._counted < _COUNT_EVERY:
                return
            while page:
                page = await self._objects.list(RELAY, after=page[-1].key, limit=_PAGE)
                counted += _segments(page)
            self._counted = self._clock()
        self._backlog = len(counted)
        self._bytes = sum(info.size for info in counted)

    def _next(self) -> Sequence[str]:
        """The segments to send now: overdue ones, then new ones as far as the window goes."""
        now = self._clock()
        there = [info.key.removeprefix(RELAY) for info in self._spooled]
        listed = there[-1] if len(there) >= _PAGE else None
        for gone in self._sent.keys() - set(there):  # another process settled it
            if listed is None or gone < listed:
                del self._sent[gone]
        overdue = [segment for segment, sent in self._sent.items() if sent.due <= now]
        free = self._limits.window - sum(not sent.is_rejected for sent in self._sent.values())
        fresh = [segment for segment in there if segment not in self._sent]
        return overdue + fresh[: max(free, 0)]

    async def _send(self, segments: Sequence[str]) -> bool:
        """Send ``segments``, many in one request. False: none of them has a row."""
        group: list[Batch] = []
        size, has_sent = 0, False
        for segment in segments:
            for batch in await self._batches(segment):
                if group and size + len(batch.arrow) > self._limits.request_bytes:
                    await self._deliver(group)
                    group, size = [], 0
                group.append(batch)
                size += len(batch.arrow)
                has_sent = True
        if group:
            await self._deliver(group)
        return has_sent

    async def _batches(self, segment: str) -> Sequence[Batch]:
        try:
            data = await self._objects.get(relay_key(segment))
        except NotFoundError:
            self._sent.pop(segment, None)
            return ()
        try:
            parts, total = slices(data, self._limits.batch_rows)
        except RejectedError:
            log.error("the spooled telemetry of %s does not read; it is made anew", segment)
            await self._objects.delete([relay_key(segment)])
            self._sent.pop(segment, None)
            return ()
        sent = self._note(segment, digest(data), total)
        if total == 0:
            await self._settle([segment])
        return [
            Batch(
                segment=segment,
                digest=sent.digest,
                first_row=first,
                rows=rows,
                total_rows=total,
                attempt=self._now_ms() & 0xFFFFFFFF,  # survives a restart, unlike a counter
                arrow=render(),
            )
            for first, rows, render in parts
        ]

    async def _deliver(self, group: Sequence[Batch]) -> None:
        # what was receipted meanwhile had arrived before
        sent = {batch.segment: self._sent.get(batch.segment) for batch in group}
        segments = [name for name, one in sent.items() if one and not one.is_rejected]
        group = [batch for batch in group if batch.segment in segments]
        if not group:
            return
        try:
            await self._exchange(group)
        except RejectedError as error:
            if len(segments) > 1:
                for segment in segments:
                    await self._deliver([batch for batch in group if batch.segment == segment])
                return
            # an older control plane may not know this form: keep it, go on with the others
            log.error("the control plane refuses segment %s: %s", segments[0], error)
            self._sent[segments[0]].is_rejected = True
        except PortError:
            for segment in segments:
                self._sent[segment].due = self._clock()
            raise

    def _note(self, segment: str, digest_: str, total: int) -> _Sent:
        before = self._sent.get(segment)
        attempt = before.attempt + 1 if before else 1
        growing = self._limits.resend_seconds * 2 ** min(attempt - 1, 16)
        wait = min(self._limits.longest_resend, growing)
        due = self._clock() + wait * random.uniform(1.0, 1.25)
        self.counts["resent" if before else "sent"] += 1
        self._sent[segment] = _Sent(digest_, total, attempt, due)
        return self._sent[segment]

    async def _exchange(self, batches: Sequence[Batch]) -> None:
        """Send ``batches``, ask for all receipts that are due, settle those that come."""
        acknowledged = self._acknowledged[:1000]
        answer = await self._link.append(
            AppendRequest(
                format_version=FORMAT_VERSION,
                dp_id=self._dp_id,
                batches=batches,
                awaiting=[
                    Awaited(segment=segment, digest=sent.digest, total_rows=sent.total_rows)
                    for segment, sent in self._sent.items()
                ],
                acknowledged=acknowledged,
                backlog_segments=self._backlog,
                oldest_ms=self._oldest_ms(),
            )
        )
        self._called = self._clock()
        del self._acknowledged[: len(acknowledged)]
        for accepted in answer.accepted:
            self._account(accepted)
        await self._settle([segment for segment in answer.receipts if segment in self._sent])

    def _oldest_ms(self) -> int:
        if not self._spooled:
            return 0
        return segment_created_ms(self._spooled[0].key.removeprefix(RELAY))

    def _account(self, accepted: Accepted) -> None:
        if not accepted.refused_rows:
            return
        reasons = sorted({refusal.code for refusal in accepted.refusals if _is_code(refusal.code)})
        log.error(
            "the control plane took %d of %d rows of %s: %s",
            accepted.rows - accepted.refused_rows,
            accepted.rows,
            accepted.segment,
            ", ".join(reasons),
        )
        self.counts["refused"] += accepted.refused_rows
        if accepted.segment in self._sent:
            self._sent[accepted.segment].refused += accepted.refused_rows

    async def _settle(self, segments: Sequence[str]) -> None:
        """The rows are safe over there: note it, then let the spooled copies go."""
        if not segments:
            return
        now = self._now_ms()
        values: dict[str, dict[str, int | str]] = {}
        for segment in segments:
            sent = self._sent[segment]
            values[segment] = {"relayed": now, "receipted": sent.digest}
            if sent.refused:
                values[segment]["refused"] = sent.refused
        async with self._records.begin() as unit:
            found = {record.key: record.value for record in await unit.get(KIND, segments)}
            await unit.merge(KIND, values)
        # What dispatch has spooled anew since stays, and is sent. If it comes just now it may go
        # with the old: the receipt is of another digest, so the reconciler has it made again.
        settled = [
            segment
            for segment in segments
            if found.get(segment, {}).get("spooled") in (None, self._sent[segment].digest)
        ]
        await self._objects.delete([relay_key(segment) for segment in settled])
        gone = {relay_key(segment) for segment in settled}
        self._backlog -= len(gone)
        self._bytes -= sum(info.size for info in self._spooled if info.key in gone)
        for segment in segments:
            del self._sent[segment]
        self._acknowledged += segments
        self.counts["receipted"] += len(segments)

    async def _pause(self, failures: int, stopping: asyncio.Event) -> None:
        """Wait for the next pass: until nudged, or, after failures, longer and with jitter."""
        if failures:
            longest = min(
                self._limits.longest_pause, self._limits.poll_seconds * 2 ** min(failures, 16)
            )
            await _first(random.uniform(longest / 2, longest), stopping)
            return
        await _first(self._limits.poll_seconds, stopping, self._nudged)
        for _ in range(5):
            if not self._nudged.is_set() or stopping.is_set():
                return
            self._nudged.clear()
            await _first(self._limits.gather_seconds, stopping, self._nudged)


def _segments(page: Sequence[ObjectInfo]) -> Sequence[ObjectInfo]:
    return [info for info in page if is_segment_name(info.key.removeprefix(RELAY))]


def _is_code(text: str) -> bool:
    """A code of ours: another plane's free text must not reach these logs."""
    return re.fullmatch(r"[a-z_]{1,32}\.[a-z_]{1,32}", text) is not None


def _level(failures: int) -> int:
    """A control plane that is away for days is told once, not for days."""
    return logging.WARNING if failures in (1, 10, 100) else logging.DEBUG


async def _first(seconds: float, *events: asyncio.Event) -> None:
    """Wait for the first of ``events``, at most ``seconds``."""
    waits = [asyncio.ensure_future(event.wait()) for event in events]
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for wait in waits:
            wait.cancel()
