"""The time that versions are made of: it never goes back on a node, whatever the host's clock does.

Also across a restart: a node starts above everything that its last segment can hold.
"""

from collections.abc import Callable

from hh_core.domain.segments import segment_created_ms, segment_name


class ReceiveClock:
    """``last`` is the journal's greatest name; no segment is written to for longer than
    ``max_age_ms`` of this clock."""

    def __init__(
        self,
        now_ms: Callable[[], int],
        random_bits: Callable[[int], int],
        *,
        node: int,
        last: str,
        max_age_ms: int,
    ) -> None:
        self.node = node
        self._now_ms = now_ms
        self._random_bits = random_bits
        self._latest = segment_created_ms(last) + max_age_ms + 1 if last else 0
        self._created = 0
        self._sequence = 0

    def now(self) -> int:
        """Milliseconds since 1970, never less than before."""
        self._latest = max(self._latest, self._now_ms())
        return self._latest

    def next_sequence(self) -> int:
        """32 bits that tell apart the records of one millisecond."""
        self._sequence = self._sequence + 1 & 0xFFFFFFFF
        return self._sequence

    def new_segment(self) -> str:
        """A name greater than every one before it."""
        self._created = self._latest = max(self.now(), self._created + 1)
        return segment_name(self._created, self._random_bits(80), self.node)
