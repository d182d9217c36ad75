"""Who is who: event ids, session keys, versions. Everything here is a function of what was sent.

DESIGN 4.2: identity is (project, event id); the version is fixed when the raw bytes are written,
so redelivery and replay never change a winner.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

NIL = UUID(int=0)
"""Stands for "none" in columns that hold a UUID."""

MIN_RESPONSE_ID = 16
"""Characters of a response id that tells a call from all others of a project."""

_OF_CALL = b"call"

MAX_ID = 1024
"""Characters of an id that a client chooses, wherever it is written, claimed or asked for."""


def uuid8(*parts: bytes) -> UUID:
    """A UUIDv8 (RFC 9562, 5.8): the first 16 bytes of SHA-256 over the length-prefixed parts."""
    return UUID(bytes=_shaped(hashlib.sha256(_prefixed(parts)).digest()))


def keyed_uuid(key: bytes, *parts: bytes) -> UUID:
    """A UUIDv8 that only the holder of ``key`` can compute: HMAC-SHA256 over the parts."""
    return UUID(bytes=_shaped(hmac.digest(key, _prefixed(parts), "sha256")))


def parse_uuid(text: str | None) -> UUID | None:
    """``text`` as a UUID if it is one in its usual 36-character form, any case; else None."""
    if text is None or len(text) != 36:
        return None
    try:
        parsed = UUID(text)
    except ValueError:
        return None
    return parsed if str(parsed) == text.lower() else None


def span_event_id(project: UUID, trace_id: bytes, span_id: bytes, claimed: str | None) -> UUID:
    """The event of a span: the client's ``honeyhive_event_id`` if it is a UUID, else derived."""
    return parse_uuid(claimed) or UUID(bytes=derived_event(project.bytes, trace_id, span_id))


def derived_event(project: bytes, trace_id: bytes, span_id: bytes) -> bytes:
    """The event of a span that claims no id: ``uuid8(b"event", project, trace_id, span_id)`` as
    bytes. Once for every span at dispatch, so it joins by hand parts that all have one length."""
    joined = b"".join((_EVENT, project, _OF_16, trace_id, _OF_8, span_id))
    return _shaped(hashlib.sha256(joined).digest())


def derived_session(project: UUID, trace_id: bytes) -> UUID:
    """The session of a trace in which nobody claims one."""
    return uuid8(b"session", project.bytes, trace_id)


def derived_session_key(project: bytes, trace_id: bytes) -> bytes:
    """``derived_session`` as bytes, for a trace id of 16: once for every trace of a batch."""
    joined = b"".join((_SESSION, project, _OF_16, trace_id))
    return _shaped(hashlib.sha256(joined).digest())


def call_key(key: bytes, project: UUID, response_id: str) -> UUID:
    """What the spans that tell of one call have in common: its response id, keyed (DESIGN 5).

    ``NIL`` for an id too short to be unique: Ollama's are ``chatcmpl-`` and a number below 1,000.
    """
    return name_key(key, project, response_id) if len(response_id) >= MIN_RESPONSE_ID else NIL


def call_session(project: bytes, call: bytes) -> bytes:
    """The session of a trace that begins with a model call and claims none.

    Where an instrumentor does not pass its context on, the span of the client below it stands in a
    trace of its own: the call is what the two traces have in common. It can be told from what
    clients claim, as it gives way to that (``is_call_session``).
    """
    return uuid8(b"call-session", project, call).bytes[: -len(_OF_CALL)] + _OF_CALL


def is_call_session(session: bytes) -> bool:
    """Whether ``session`` was made by ``call_session``; one in four billion others looks so too."""
    return session.endswith(_OF_CALL)


def rest_trace(project: UUID, session: UUID) -> bytes:
    """The trace that a session's REST events share: 16 bytes."""
    return uuid8(b"rest-trace", project.bytes, session.bytes).bytes


def rest_span(event: UUID) -> bytes:
    """The span id that a REST event stands under in its trace: 8 bytes."""
    return uuid8(b"rest-span", event.bytes).bytes[:8]


def name_key(key: bytes, project: UUID, text: str) -> UUID:
    """An id that a client chose, as a UUID: itself if it is one, else keyed (DESIGN 5).

    Session claims, session ids in paths and event ids of updates all go through here, so one
    text means one session or event wherever it stands.
    """
    return parse_uuid(text) or keyed_uuid(key, b"id", project.bytes, text.encode())


ORDINAL_BITS = 20
MAX_ORDINAL = (1 << ORDINAL_BITS) - 1
"""Of a span in its record; no door takes so many in one request."""
MOST_GENERATIONS = 1 << 12


@dataclass(frozen=True, slots=True, order=True)
class Version:
    """When a piece of content was received; a total order (DESIGN 4.2)."""

    received_ms: int
    """48 bits, never decreasing on a node."""
    node: int
    """16 bits."""
    sequence: int
    """32 bits: the record on its node."""
    index: int
    """32 bits: the span, event or patch within the record; of a row that mappers have made the
    upper 12 are the generation of the derivation (``derived``)."""

    def __int__(self) -> int:
        return self.received_ms << 80 | self.node << 64 | self.sequence << 32 | self.index

    @staticmethod
    def derived(ordinal: int, generation: int) -> int:
        """The index of what a derivation tells of the span at ``ordinal``: of two derivations of
        one record the later wins."""
        return generation << ORDINAL_BITS | min(ordinal, MAX_ORDINAL)

    @classmethod
    def parse(cls, number: int) -> "Version":
        mask = 0xFFFFFFFF
        return cls(number >> 80, number >> 64 & 0xFFFF, number >> 32 & mask, number & mask)


def _prefixed(parts: Sequence[bytes]) -> bytes:
    return b"".join([len(part).to_bytes(4, "big") + part for part in parts])


_FREE_BITS = (1 << 128) - 1 & ~(0xF << 76) & ~(0x3 << 62)
_VERSION_8 = 0x8 << 76 | 0x2 << 62


def _shaped(digest: bytes) -> bytes:
    return (int.from_bytes(digest[:16], "big") & _FREE_BITS | _VERSION_8).to_bytes(16, "big")


_OF_16, _OF_8 = (16).to_bytes(4, "big"), (8).to_bytes(4, "big")
_EVENT = _prefixed((b"event",)) + _OF_16
_SESSION = _prefixed((b"session",)) + _OF_16
