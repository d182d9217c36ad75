"""The flows of a corpus: what was exported, and what it should become."""

import json
import tarfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest

from hh_core.domain.span import Span, SpanEvent
from hh_core.errors import ConfigError
from hh_core.wire import otlp_protobuf
from hh_core.wire.otlp_body import UNLIMITED
from hh_core.wire.otlp_spans import origin_of, quick, span_of

_EXPECTED, _SPANS, _LOGS = ".expect.json", ".pb", ".logs.pb"


@dataclass(frozen=True, slots=True)
class Flow:
    """One run of an instrumented program."""

    name: str
    """``<convention>/<package>/<flow>``."""
    spans: Sequence[Span]
    """As exported; the log records of each are among its events."""
    expected: Mapping[str, Any]
    """The oracle: ``spans[]`` with ``span_id`` and facts, ``traced_totals``, ``llm_calls[]``."""

    @property
    def package(self) -> str:
        """With its convention."""
        return self.name.rpartition("/")[0]


def read_corpus(place: Path) -> Iterator[Flow]:
    """The flows in a folder or an archive, by name. Raises ``ConfigError`` where there are none."""
    if not place.exists():
        raise ConfigError(f"there is no {place}")
    files = dict(_archived(place) if place.is_file() else _in_folder(place))
    names = sorted(path.removesuffix(_EXPECTED) for path in files if path.endswith(_EXPECTED))
    if not names:
        raise ConfigError(f"{place} holds no *{_EXPECTED}")
    for name in names:
        if name + _SPANS in files:
            events = _log_events(files.get(name + _LOGS, b""))
            spans = list(_spans(files[name + _SPANS], events))
            yield Flow(name, spans, json.loads(files[name + _EXPECTED]))


def _in_folder(folder: Path) -> Iterable[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.name.endswith((_SPANS, _EXPECTED)):
            yield path.relative_to(folder).as_posix(), path.read_bytes()


def _archived(path: Path) -> Iterable[tuple[str, bytes]]:
    with tarfile.open(path) as archive:
        for member in archive:
            data = archive.extractfile(member)
            if data is not None:
                yield member.name, data.read()


_Place = tuple[bytes, bytes]
"""Trace and span id."""


def _spans(body: bytes, events: Mapping[_Place, Sequence[SpanEvent]]) -> Iterator[Span]:
    for group in otlp_protobuf.groups(body, UNLIMITED, check=False):
        origin = origin_of(group.resource, group.scope)
        for message in group.spans:
            span = span_of(message, origin)
            own = events.get((span.trace_id, span.span_id), ())
            yield replace(span, events=(*span.events, *own)) if own else span


def _log_events(body: bytes) -> Mapping[_Place, Sequence[SpanEvent]]:
    """Log records as events of their spans: the members of a structured body are attributes."""
    found: defaultdict[_Place, list[SpanEvent]] = defaultdict(list)
    for resource in ExportLogsServiceRequest.FromString(body).resource_logs:
        for scope in resource.scope_logs:
            for record in scope.log_records:
                found[record.trace_id, record.span_id].append(_log_event(record))
    return found


def _log_event(record: Any) -> SpanEvent:
    attributes = {pair.key: quick(pair.value) for pair in record.attributes}
    body = quick(record.body)
    if isinstance(body, Mapping):
        attributes |= body
    elif body is not None:
        attributes["body"] = body
    name = record.event_name or attributes.get("event.name") or ""
    return SpanEvent(str(name), record.time_unix_nano or record.observed_time_unix_nano, attributes)
