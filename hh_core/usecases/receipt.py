"""What the rows of one record share: its header, its place, and when its events may have begun."""

from dataclasses import dataclass

from hh_core.domain.identity import Version
from hh_core.domain.segments import RecordHeader

MAX_NAME = 256
"""Characters of a name in the index; the content keeps all."""
STATUS = {1: "ok", 2: "error"}
HOUR_NS = 3_600_000_000_000
_PAST_NS = 30 * 24 * HOUR_NS
_FUTURE_NS = HOUR_NS
_ABSURD_NS = 24 * HOUR_NS
_MS = 1_000_000


@dataclass(frozen=True, slots=True)
class Receipt:
    header: RecordHeader
    segment: str
    offset: int
    """Of the record in its segment."""
    project: bytes
    versions: bytes
    """The last 12 bytes of a little-endian version: all but the ordinal."""
    earliest: int
    latest: int
    """Start times that are not suspect."""
    received: int
    absurd: int
    """The latest start that is believed."""
    generation: int = 0
    """Of the derivation that makes rows of the record (``derivations``)."""

    def start(self, told: int) -> int:
        """Where lists and charts place what says that it started at ``told``.

        That is when it was received if it says later than a day after: it would head every list
        for ever. The content keeps what was told.
        """
        return told if told <= self.absurd else self.received

    def version(self, ordinal: int) -> bytes:
        """Of a row that is derived."""
        return Version.derived(ordinal, self.generation).to_bytes(4, "little") + self.versions

    def written(self, ordinal: int) -> bytes:
        """The version of what stands in the record as it is, in every derivation the same."""
        return ordinal.to_bytes(4, "little") + self.versions


def receipt_of(header: RecordHeader, segment: str, offset: int, generation: int = 0) -> Receipt:
    version = Version(header.received_ms, header.node, header.sequence, 0)
    received = header.received_ms * _MS
    return Receipt(
        header,
        segment,
        offset,
        header.project.bytes,
        int(version).to_bytes(16, "little")[4:],
        received - _PAST_NS,
        received + _FUTURE_NS,
        received,
        received + _ABSURD_NS,
        generation,
    )
