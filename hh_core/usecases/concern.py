"""Which bytes stand in every record that may change what is answered about a session or an event.

This is how it is known that a record cannot: who reads waits for the others (``freshness``).

What an answer about a session holds are the spans of its traces, their log records, and what its
roll-up counts of them. A span or log record of a known trace has the trace's id; a trace is the
session's because a span in it claims the session, or because it was derived from the trace. The
claim stands in the span (``ids_are_verbatim``): as it was written for a key made of it, in some
case for a UUID. A span that says which event it is may take the place of one in another trace. All
records in JSON count as concerning everybody (``pending_records``): all REST writes are. Where the
index cannot tell from what a session was made, there are no such bytes, and its readers wait for
all.
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import cast
from uuid import UUID

from hh_core.domain.event import EVENT_ID_KEY
from hh_core.domain.identity import derived_session, is_call_session, name_key, parse_uuid

MAX_NEEDLES = 256
_EVENT_ID = EVENT_ID_KEY.encode()
_PLAIN = re.compile(r"[A-Za-z0-9_.:@-]{1,1024}", re.ASCII)
"""Ids that are written in one way only."""
_NUMBER = re.compile(r"-?[0-9]+|-?infinity|nan", re.ASCII | re.IGNORECASE)
"""Texts that a claim may also have from an attribute that is none."""
_DERIVED = 8
"""The version of the UUIDs that are made here (RFC 9562)."""

Needles = Sequence[bytes]


def of_session(
    key: bytes, project: UUID, session: UUID, *, texts: Sequence[str], traces: Sequence[bytes]
) -> Needles | None:
    """For a session that the index knows by ``traces``, by what clients may call it.

    ``key`` is the data plane's for ids. None: nobody can tell.
    """
    claims = {
        text
        for text in texts
        if parse_uuid(text) is None and name_key(key, project, text) == session
    }
    is_known = (
        claims
        or session.version != _DERIVED
        or any(derived_session(project, trace) == session for trace in traces)
    )
    if not is_known or is_call_session(session.bytes):
        return None
    if not all(_PLAIN.fullmatch(claim) and not _NUMBER.fullmatch(claim) for claim in claims):
        return None
    needles = [*traces, _EVENT_ID, str(session).encode()]
    for claim in claims:
        needles += [claim.encode(), *_unpacked(claim)]
    return needles if len(needles) <= MAX_NEEDLES else None


def of_event(trace: bytes, session: UUID | None = None) -> Needles:
    """For an event in ``trace`` that the index knows. ``session`` is its own, if the answer tells
    that too: a claim of it in another case may change how it is written."""
    return [trace, _EVENT_ID, *([str(session).encode()] if session is not None else [])]


async def of_rows(rows: Sequence[Mapping[str, object]]) -> Needles | None:
    """For the event that is the one of ``rows``, where the answer tells nothing of its session."""
    return of_event(cast(bytes, rows[0]["trace_id"])) if rows else None


def _unpacked(claim: str) -> Sequence[bytes]:
    """An attribute of bytes is read as base64."""
    try:
        found = base64.b64decode(claim, validate=True)
    except binascii.Error:
        return ()
    return [found]
