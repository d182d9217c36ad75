"""What a queue in memory is made of: logs of messages, groups with leases, one lock over all."""

import asyncio
import math
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from hh_core.errors import OverloadedError, RejectedError
from hh_core.ports.queue import Message, Stream

_WINDOW_SECONDS = 120.0
"""How long an ``id`` is remembered."""


@dataclass(eq=False, slots=True)
class Lease:
    index: int
    until: float


class Group:
    """What one group has of a stream. Times are of ``time.monotonic``; the caller locks."""

    def __init__(self) -> None:
        self.cursor = 0
        self.waiting: dict[int, float] = {}
        """Index of a returned message to the time from when it may be delivered."""
        self.leases: dict[int, Lease] = {}
        self.attempts: dict[int, int] = {}

    def take(self, log: "Log", lease_seconds: float) -> Lease | None:
        """Lease the oldest message that is due, if any."""
        now = time.monotonic()
        for lease in [lease for lease in self.leases.values() if lease.until <= now]:
            self.give_back(lease, now)
        due = [index for index, when in self.waiting.items() if when <= now]
        if due:
            index = min(due)
            del self.waiting[index]
        else:
            self.cursor = max(self.cursor, log.first)
            if self.cursor >= log.end:
                return None
            index = self.cursor
            self.cursor += 1
        self.attempts[index] = self.attempts.get(index, 0) + 1
        lease = self.leases[index] = Lease(index, now + lease_seconds)
        return lease

    def give_back(self, lease: Lease, due: float) -> None:
        if self.leases.get(lease.index) is lease:  # else it ran out and another has it
            del self.leases[lease.index]
            self.waiting[lease.index] = due

    def done(self, index: int) -> None:
        self.leases.pop(index, None)
        self.waiting.pop(index, None)
        self.attempts.pop(index, None)

    def has_done(self, index: int) -> bool:
        return index < self.cursor and index not in self.waiting and index not in self.leases

    def next_due(self, *, window_full: bool) -> float:
        """When ``take`` may find something that it does not find now; infinite if unknown."""
        ends = [lease.until for lease in self.leases.values()]
        returned = [] if window_full else list(self.waiting.values())
        return min([*ends, *returned], default=math.inf)


class Log:
    """The messages of one stream, kept until they are too old, and its groups."""

    def __init__(self) -> None:
        self.messages: dict[int, tuple[float, Message]] = {}
        self.end = 0
        self.bytes = 0
        self.ids: dict[str, float] = {}
        self.groups: dict[str, Group] = {}

    @property
    def first(self) -> int:
        return next(iter(self.messages), self.end)

    def append(self, stream: Stream, message: Message) -> None:
        now = time.monotonic()
        self._expire(now, stream.max_age_seconds)
        if message.id and now - self.ids.get(message.id, -math.inf) < _WINDOW_SECONDS:
            return
        size = message_size(message)
        if size > stream.max_message_bytes:
            raise RejectedError(f"a message of {stream.name} is too large", code=413)
        while self.bytes + size > stream.max_bytes and self._is_settled(self.first):
            self.drop_oldest()
        if self.bytes + size > stream.max_bytes:
            raise OverloadedError(f"{stream.name} is full")
        self.messages[self.end] = (now, message)
        self.end += 1
        self.bytes += size
        if message.id:
            self.ids[message.id] = now  # a new one, so the oldest stays first

    def _is_settled(self, index: int) -> bool:
        """There is such a message, there are groups, and each has acked it."""
        groups = self.groups.values()
        return index < self.end and bool(groups) and all(one.has_done(index) for one in groups)

    def drop_oldest(self) -> None:
        index = self.first
        _, message = self.messages.pop(index)
        self.bytes -= message_size(message)
        for group in self.groups.values():
            group.done(index)

    def _expire(self, now: float, age: float) -> None:
        while self.messages and self.messages[self.first][0] < now - age:
            self.drop_oldest()
        while self.ids and next(iter(self.ids.values())) < now - _WINDOW_SECONDS:
            del self.ids[next(iter(self.ids))]


class Backend:
    """What queues of one name share."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.logs: dict[str, Log] = {}
        self.away = False
        self._sleepers: set[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = set()

    def log(self, stream: Stream) -> Log:
        return self.logs.setdefault(stream.name, Log())

    def group(self, stream: Stream, group: str) -> Group:
        return self.log(stream).groups.setdefault(group, Group())

    def wake(self) -> None:
        with self.lock:
            sleepers = list(self._sleepers)
        for loop, event in sleepers:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    @contextmanager
    def listening(self) -> Iterator[asyncio.Event]:
        """An event that every change sets, also one between looking and waiting."""
        sleeper = (asyncio.get_running_loop(), asyncio.Event())
        with self.lock:
            self._sleepers.add(sleeper)
        try:
            yield sleeper[1]
        finally:
            with self.lock:
                self._sleepers.discard(sleeper)


def message_size(message: Message) -> int:
    """Bytes that count against a stream's bounds."""
    headers = sum(len(name) + len(value) for name, value in message.headers.items())
    return len(message.key) + len(message.body) + len(message.id) + headers
