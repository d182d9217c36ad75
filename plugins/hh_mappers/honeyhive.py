"""The HoneyHive SDK: ``honeyhive.*`` and the flattened buckets ``honeyhive_<bucket>.<path>``."""

from functools import lru_cache
from typing import Any

from hh_core.domain.enrichment import OTHER_ERROR
from hh_core.domain.event import Content, Facts, Json
from hh_core.domain.paths import nested, put
from hh_core.domain.span import Attributes, Span
from hh_core.domain.telemetry import USAGE_KINDS
from hh_mappers.placing import give, numbered
from hh_mappers.reading import dumped, integer, number, plain, text, unpacked
from hh_mappers.routes import LARGE, Route, Routes, follow, large

_MARKS = frozenset({"honeyhive.session_id", "honeyhive_event_type"})
_SMALL = ("config", "metadata", "metrics", "feedback", "user_properties")
_ASSOCIATION = "traceloop.association.properties."
_LONGEST_MS = 1 << 43
"""Beyond, a duration does not fit 64 bits of nanoseconds."""


def _milliseconds(value: Any) -> Json:
    read = number(value)
    return int(read * 1_000_000) if read is not None and 0 <= read < _LONGEST_MS else None


_ROUTES = Routes(
    {
        "honeyhive.session_id": Route(text, fact="session_id"),
        "honeyhive_session_id": Route(text, fact="session_id"),
        _ASSOCIATION + "session_id": Route(text, fact="session_id"),
        "honeyhive.source": Route(text, "source"),
        "honeyhive_source": Route(text, "source"),
        _ASSOCIATION + "source": Route(text, "source"),
        "honeyhive.project": LARGE,
        "honeyhive_project": LARGE,
        _ASSOCIATION + "project": LARGE,
        "honeyhive_event_id": Route(text, fact="claimed_event_id"),
        "honeyhive_event_name": Route(text, fact="event_name"),
        "honeyhive_event_type": LARGE,
        "honeyhive_user_id": Route(text, "user_properties.user_id"),
        "honeyhive_duration_ms": Route(_milliseconds, fact="duration_ns"),
        "honeyhive_error": LARGE,
        "honeyhive_error_type": Route(text, "metadata.error_type", fact="error_class"),
    },
    {f"honeyhive_{bucket}.": large for bucket in ("inputs", "outputs", *_SMALL)},
)


class HoneyHive:
    name = "honeyhive"
    rank = 10

    def speaks(self, span: Span) -> bool:
        return not _MARKS.isdisjoint(span.attributes) or _is_spoken(tuple(span.attributes))

    def facts(self, span: Span, facts: Facts) -> None:
        follow(_ROUTES, span, facts)
        attributes = span.attributes
        for bucket in _SMALL:
            _fill(attributes, bucket, facts)
        kind = attributes.get("honeyhive_event_type")
        if isinstance(kind, str) and kind != "tool" and not facts.event_type:
            facts.event_type = kind
        if attributes.get("honeyhive_error") and not facts.error_class:
            facts.error_class = OTHER_ERROR
        _told(facts)

    def content(self, span: Span, content: Content) -> None:
        attributes = span.attributes
        for name, bucket in (("inputs", content.inputs), ("outputs", content.outputs)):
            pairs = numbered(attributes, f"honeyhive_{name}.")
            for key, value in nested((k, unpacked(v)) for k, v in pairs).items():
                give(bucket, key, value, origin=f"honeyhive_{name}.{key}")
        error = attributes.get("honeyhive_error")
        if error:
            content.error = dumped(plain(error))


@lru_cache(maxsize=4096)
def _is_spoken(keys: tuple[str, ...]) -> bool:
    """Whether somebody wrote a bucket by hand. Spans of one kind have the same keys."""
    return any(key.startswith("honeyhive") for key in keys)


def _fill(attributes: Attributes, bucket: str, facts: Facts) -> None:
    """The values of one bucket, nested again. The SDK is asked first: its places are free."""
    pairs = numbered(attributes, f"honeyhive_{bucket}.")
    for key, value in nested((k, plain(v)) for k, v in pairs).items():
        put(facts.attributes, f"{bucket}.{key}", value)


def _told(facts: Facts) -> None:
    """Model, provider and tokens that the user wrote into the buckets."""
    get = facts.attributes.get
    for fact in ("model", "provider"):
        value = get(f"config.{fact}")
        if isinstance(value, str) and not getattr(facts, fact):
            setattr(facts, fact, value)
    for path, value in facts.attributes.items():
        kind = path.removeprefix("metadata.")
        if kind in USAGE_KINDS and (count := integer(value)) is not None:
            facts.usage.setdefault(kind, count)
