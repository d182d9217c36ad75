"""Send again whatever segment has no receipt: the queue is a signal, the segment the truth.

Lists the inbox only. A wiped queue or metadata database means that everything there is driven
again, which changes nothing but time (DESIGN 4.2).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import orjson

from hh_core.domain.segments import INBOX, KIND, RELAY, is_relayed, segment_created_ms
from hh_core.errors import RejectedError
from hh_core.ports.objects import ObjectInfo, Objects
from hh_core.ports.queue import SEGMENTS, Message, Queue
from hh_core.ports.records import Document, Records

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class Lag:
    """What waits under inbox/ for its receipts; for gauges."""

    segments: int = 0
    """Not indexed."""
    size: int = 0
    """Their bytes."""
    oldest_ms: int = 0
    """Age of the oldest of them."""
    unrelayed: int = 0
    """Indexed, but not receipted by the control plane."""
    resent: int = 0
    """Published again in this pass."""
    foreign: int = 0
    """Objects under inbox/ whose names are not those of segments."""


@dataclass(frozen=True, slots=True)
class ReconcileSettings:
    resend_ms: int = 5_000
    """How long a receipt may take before a segment is sent again; doubles with each attempt."""
    max_backoff_ms: int = 300_000
    needs_relay: bool = True
    """False on a data plane without a control plane."""


class Reconcile:
    def __init__(
        self,
        objects: Objects,
        records: Records,
        queue: Queue,
        *,
        now_ms: Callable[[], int],
        settings: ReconcileSettings | None = None,
    ) -> None:
        self._objects = objects
        self._records = records
        self._queue = queue
        self._now_ms = now_ms
        self._settings = settings or ReconcileSettings()
        self.lag = Lag()

    async def __call__(self) -> Lag:
        """One pass over the inbox. Raises what the ports raise; the next pass begins anew."""
        spooled = await self._spooled()
        lag = _Tally()
        after = ""
        while True:
            page = await self._objects.list(INBOX, after=after, limit=_PAGE)
            await self._reconcile(page, spooled, lag)
            if len(page) < _PAGE:
                break
            after = page[-1].key
        self.lag = lag.frozen()
        return self.lag

    async def _spooled(self) -> frozenset[str]:
        """Segments whose telemetry waits for the control plane. Read before their receipts."""
        names: list[str] = []
        after = ""
        while self._settings.needs_relay:
            page = await self._objects.list(RELAY, after=after, limit=_PAGE)
            names += [info.key.removeprefix(RELAY) for info in page]
            if len(page) < _PAGE:
                break
            after = page[-1].key
        return frozenset(names)

    async def _reconcile(
        self, page: Sequence[ObjectInfo], spooled: frozenset[str], lag: "_Tally"
    ) -> None:
        infos = {info.key.removeprefix(INBOX): info for info in page}
        async with self._records.begin() as unit:
            found = {record.key: record.value for record in await unit.get(KIND, list(infos))}
        now = self._now_ms()
        due: dict[str, int] = {}
        messages: list[Message] = []
        for name, info in infos.items():
            document = found.get(name, {})
            try:
                created = segment_created_ms(name)
            except RejectedError:
                lag.foreign += 1
                continue
            lag.note(document, info, now - created, self._settings)
            if self._is_due(document, created, now, name in spooled):
                due[name] = int(document.get("attempts", 1)) + 1
                known = int(document.get("indexed") or 0)
                messages.append(message(name, due[name], receipt=known))
        await self._send(messages, due, now)
        lag.resent += len(due)

    def _is_due(self, document: Document, created: int, now: int, is_spooled: bool) -> bool:
        indexed = document.get("indexed")
        if indexed is not None and (
            not self._settings.needs_relay or is_relayed(document) or is_spooled
        ):
            return False
        times = created, int(document.get("sent", 0)), int(indexed or 0)
        # A clock that was set back must not hold up a segment for as long.
        since = max((time for time in times if time <= now), default=0)
        return now - since >= self._patience(int(document.get("attempts", 1)))

    def _patience(self, attempts: int) -> int:
        doublings = min(attempts - 1, 20)
        return min(self._settings.max_backoff_ms, self._settings.resend_ms << doublings)

    async def _send(self, messages: Sequence[Message], due: Mapping[str, int], now: int) -> None:
        if not messages:
            return
        await self._queue.publish(SEGMENTS, messages)
        async with self._records.begin() as unit:
            await unit.merge(
                KIND, {name: {"attempts": attempt, "sent": now} for name, attempt in due.items()}
            )


def message(segment: str, attempt: int, *, receipt: int | None = None) -> Message:
    """The pointer to a segment. Its id holds the attempt, or the queue would swallow a re-send.

    ``receipt`` is when the segment was last indexed as far as the sender knows, 0 for never: it
    need not be dispatched if that has happened since. None: dispatch it, whatever was before.
    """
    body: dict[str, str | int] = {"segment": segment, "attempt": attempt}
    if receipt is not None:
        body["receipt"] = receipt
    return Message(key=segment[-4:], body=orjson.dumps(body), id=f"{segment}:{attempt}")


@dataclass(slots=True)
class _Tally:
    segments: int = 0
    size: int = 0
    oldest_ms: int = 0
    unrelayed: int = 0
    resent: int = 0
    foreign: int = 0

    def note(
        self, document: Document, info: ObjectInfo, age_ms: int, settings: ReconcileSettings
    ) -> None:
        if document.get("indexed") is None:
            self.segments += 1
            self.size += info.size
            self.oldest_ms = max(self.oldest_ms, age_ms)
        elif settings.needs_relay and not is_relayed(document):
            self.unrelayed += 1

    def frozen(self) -> Lag:
        return Lag(
            self.segments, self.size, self.oldest_ms, self.unrelayed, self.resent, self.foreign
        )
