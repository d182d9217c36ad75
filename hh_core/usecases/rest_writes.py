"""REST writes, made complete before they are journalled (contract A4): ids and times filled in.

The answer is built from the request alone, never from the index. Unknown fields are ignored; a
field of the wrong type is a ``RejectedError`` that names it and the remedy.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from hh_core.domain.event import Json
from hh_core.domain.identity import MAX_ID, name_key, parse_uuid
from hh_core.domain.segments import RecordKind
from hh_core.errors import RejectedError
from hh_core.usecases.receive import Written
from hh_core.usecases.rest_fields import (
    array_of,
    fields_of,
    ids_of,
    is_number,
    milliseconds,
    object_of,
    text_of,
)
from hh_core.wire.json_text import parse

EVENT_TYPES = ("chain", "model", "session", "tool")
BUCKETS = ("config", "inputs", "outputs", "metadata", "metrics", "feedback", "user_properties")
UPDATABLE = ("metadata", "feedback", "metrics", "outputs", "config", "user_properties")
UNKNOWN = "unknown"
MAX_MEMORY = 128 << 20
"""Bytes that the objects of one body may take."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """Whose data it is, as the answers show it."""

    project: UUID
    org_id: str
    workspace_id: str


@dataclass(frozen=True, slots=True)
class Write:
    """What to journal, and what to answer once that is durable."""

    written: Sequence[Written]
    answer: Mapping[str, Json]


class RestWrites:
    def __init__(
        self,
        *,
        name_key: bytes,
        now_ms: Callable[[], int],
        new_id: Callable[[], UUID],
        max_events: int = 1_000,
    ) -> None:
        self._name_key = name_key
        self._now_ms = now_ms
        self._new_id = new_id
        self._max_events = max_events

    def session_start(self, tenant: Tenant, body: Json) -> Write:
        """``{"session": {…}}``, the object itself, or (older clients) its JSON text."""
        given = object_of(body, "the body")
        session = given.get("session", given)
        if isinstance(session, str):
            session = parse_json(session.encode())
        fields = self._session(object_of(session, "session"))
        answer = {
            **fields,
            "org_id": tenant.org_id,
            "workspace_id": tenant.workspace_id,
            "project_id": str(tenant.project),
            "parent_id": None,
            "children_ids": fields.get("children_ids", []),
        }
        return Write([_starts([fields])], answer)

    def create(self, tenant: Tenant, body: Json) -> Write:
        """``{"event": {…}}`` or the object itself."""
        given = object_of(body, "the body")
        event = self._event(tenant, object_of(given.get("event", given), "event"), "")
        answer = {"success": True, "event_id": event["event_id"]}
        return Write(_events([event]), answer | {"session_id": event["session_id"]})

    def update(self, body: Json, event_id: str | None = None) -> Write:
        """``event_id`` is that of the path, which wins over the body's."""
        given = object_of(body, "the body")
        if event_id is None:
            event_id = text_of(given.get("event_id"), "event_id")
        if not event_id or len(event_id) > MAX_ID:
            raise RejectedError(
                f"event_id is needed: send the id of the event or session to update, at most "
                f"{MAX_ID} characters"
            )
        fields: dict[str, Json] = fields_of(given, UPDATABLE)
        for name in ("duration", "end_time"):
            if given.get(name) is not None:
                fields[name] = milliseconds(given[name], name)
        if given.get("children_ids"):
            fields["children_ids"] = ids_of(given["children_ids"], "children_ids")
        patch = {"event_id": event_id, "is_start": False, "fields": fields}
        return Write([_patches([patch])], {"success": True})

    def batch(self, tenant: Tenant, body: Json) -> Write:
        """``{"events": […], "single_session"?, "session"?}``: with the flag all events go into
        one new session."""
        given = object_of(body, "the body")
        is_single = given.get("single_session") or given.get("is_single_session")
        properties = given.get("session_properties") or given.get("session")
        if not is_single:
            events = self._events(tenant, given, "")
            return Write(_events(events), {"event_ids": _ids(events), "success": True})
        session = self._session(object_of(properties, "session"))
        session_id = str(session["session_id"])
        events = self._events(tenant, given, session_id)
        written = [_starts([session]), *_events(events)]
        answer = {"event_ids": _ids(events), "session_id": session_id, "success": True}
        return Write(written, answer)

    def session_batch(self, tenant: Tenant, body: Json, session_id: str) -> Write:
        """Events of the session in the path, whatever they say themselves."""
        given = object_of(body, "the body")
        if surplus := sorted(set(given) - {"events"}):
            named = ", ".join(name[:64] for name in surplus[:5])
            raise RejectedError(f"unknown field {named}; send events only", code=400)
        events = self._events(tenant, given, session_id)
        answer = {"success": True, "event_ids": _ids(events), "session_id": session_id}
        return Write(_events(events), answer)

    def _events(self, tenant: Tenant, given: Mapping[str, Json], session_id: str) -> list[Any]:
        events = array_of(given.get("events"), "events")
        if len(events) > self._max_events:
            raise RejectedError(
                f"events has more than {self._max_events} items; send smaller batches", code=413
            )
        out = []
        for number, item in enumerate(events):
            try:
                out.append(self._event(tenant, object_of(item, "the item"), session_id))
            except RejectedError as error:
                raise RejectedError(f"events[{number}]: {error}", code=error.code) from error
        return out

    def _session(self, given: Mapping[str, Json]) -> dict[str, Json]:
        claimed = parse_uuid(_text_or_none(given.get("session_id")))
        session_id = str(claimed or self._new_id())
        name = given.get("event_name") or given.get("session_name") or UNKNOWN
        fields: dict[str, Json] = {
            "event_id": session_id,
            "session_id": session_id,
            "event_type": "session",
            "event_name": text_of(name, "session_name"),
            "source": text_of(given.get("source") or UNKNOWN, "source"),
            **fields_of(given, BUCKETS),
            **self._times(given, is_session=True),
        }
        if given.get("error") is not None:
            fields["error"] = text_of(given["error"], "error")
        if given.get("children_ids"):
            fields["children_ids"] = ids_of(given["children_ids"], "children_ids")
        return fields

    def _event(self, tenant: Tenant, given: Mapping[str, Json], session_id: str) -> dict[str, Json]:
        event_type = given.get("event_type") or "tool"
        if event_type not in EVENT_TYPES:
            raise RejectedError(f"event_type must be one of {', '.join(EVENT_TYPES)}")
        if event_type == "session":
            claim = session_id or given.get("session_id") or given.get("event_id")
            return self._session({**given, "session_id": claim})
        session_id = session_id or text_of(given.get("session_id"), "session_id")
        if len(session_id) > MAX_ID:
            raise RejectedError(f"session_id is longer than {MAX_ID} characters; shorten it")
        parent = given.get("parent_id")
        return {
            "event_id": self._event_id(tenant, given.get("event_id")),
            "session_id": session_id or str(self._new_id()),
            "parent_id": None if parent is None else text_of(parent, "parent_id"),
            "source": text_of(given.get("source") or UNKNOWN, "source"),
            "event_type": event_type,
            "event_name": text_of(given.get("event_name") or UNKNOWN, "event_name"),
            **self._times(given, is_session=False),
            "children_ids": ids_of(given.get("children_ids"), "children_ids"),
            "error": None if given.get("error") is None else text_of(given["error"], "error"),
            **fields_of(given, BUCKETS),
        }

    def _event_id(self, tenant: Tenant, given: Json) -> str:
        """A text that is no UUID becomes the one by which later updates find it."""
        text = text_of(given, "event_id")
        if len(text) > MAX_ID:
            raise RejectedError(f"event_id is longer than {MAX_ID} characters; shorten it")
        return str(name_key(self._name_key, tenant.project, text) if text else self._new_id())

    def _times(self, given: Mapping[str, Json], *, is_session: bool) -> dict[str, Json]:
        """``start_time``, ``end_time`` and ``duration`` in ms; what is no number counts as absent.

        An event always has all three, a session only what was sent, and a start.
        """
        known = {
            name: milliseconds(given[name], name)
            for name in ("start_time", "end_time", "duration")
            if is_number(given.get(name))
        }
        start, end, length = (known.get(name) for name in ("start_time", "end_time", "duration"))
        if start is None:
            start = end - length if end is not None and length is not None else None
            start = start if start is not None and start >= 0 else None
        if start is None:
            start = float(self._now_ms()) if end is None else end
        if is_session:
            return {**known, "start_time": start}
        if end is None:
            end = start + (length or 0.0)
        return {
            "start_time": start,
            "end_time": end,
            "duration": end - start if length is None else length,
        }


def parse_json(body: bytes) -> Json:
    """Raises ``RejectedError``: 400 for what is no JSON, 413 for what would fill the memory."""
    parsed: Json = parse(body, MAX_MEMORY)
    return parsed


def _events(events: Sequence[Mapping[str, Json]]) -> list[Written]:
    """Events as one record and session events, which are never stored, as another of starts."""
    base = [event for event in events if event["event_type"] != "session"]
    starts = [event for event in events if event["event_type"] == "session"]
    written = []
    if base:
        written.append(Written(RecordKind.EVENT, orjson.dumps({"events": base})))
    if starts:
        written.append(_starts(starts))
    return written


def _starts(sessions: Sequence[Mapping[str, Json]]) -> Written:
    patches = [
        {"event_id": fields["session_id"], "is_start": True, "fields": fields}
        for fields in sessions
    ]
    return _patches(patches)


def _patches(patches: Sequence[Mapping[str, Json]]) -> Written:
    return Written(RecordKind.PATCH, orjson.dumps({"patches": patches}))


def _ids(events: Sequence[Mapping[str, Json]]) -> list[Json]:
    return [event["event_id"] for event in events]


def _text_or_none(value: Json) -> str | None:
    return value if isinstance(value, str) else None
