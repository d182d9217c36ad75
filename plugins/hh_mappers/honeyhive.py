"""The HoneyHive SDK: ``honeyhive.*`` and the flattened buckets ``honeyhive_<bucket>.<path>``."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from hh_core.domain.enrichment import OTHER_ERROR
from hh_core.domain.event import EVENT_ID_KEY, Content, Facts, Json, Step
from hh_core.domain.paths import json_value, nested, put
from hh_core.domain.rules import Kind, Rules
from hh_core.domain.span import Keys, Span
from hh_core.domain.tokens import KINDS
from hh_mappers.placing import give, numbered, spare
from hh_mappers.reading import dumped, integer, number, plain, text, unpacked
from hh_mappers.routes import LARGE, Prepared, Route, Routes, large

_MARK = "honeyhive"
"""How keys begin that the SDK writes, or somebody who fills a bucket by hand."""
_SMALL = ("config", "metadata", "metrics", "feedback", "user_properties")
_ASSOCIATION = "traceloop.association.properties."
_TYPE = Kind(
    "honeyhive_event_type",
    (("model", "model"), ("chain", "chain"), ("session", "session"), ("tool", "")),
    "tool",
)
"""The SDK's default is ``tool``: another convention may know better, see ``HoneyHiveDefault``."""
_DEFAULT = Kind(_TYPE.key, (("tool", "tool"),))
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
        EVENT_ID_KEY: Route(text, fact="claimed_event_id"),
        "honeyhive_event_name": Route(text, fact="event_name"),
        "honeyhive_event_type": LARGE,
        "honeyhive_user_id": Route(text, "user_properties.user_id"),
        "honeyhive_duration_ms": Route(_milliseconds, fact="duration_ns"),
        "honeyhive_error": LARGE,
        "honeyhive_error_type": Route(text, "metadata.error_type", fact="error_class"),
    },
    {f"honeyhive_{bucket}.": large for bucket in ("inputs", "outputs", *_SMALL)},
)


class HoneyHive(Prepared):
    name = "honeyhive"
    rank = 10

    def prepare(self, keys: Keys) -> Step | None:
        if not any(key.startswith(_MARK) for key in keys):
            return None
        buckets = [(bucket, _below(f"honeyhive_{bucket}.", keys)) for bucket in _SMALL]
        filled = [(bucket, found) for bucket, found in buckets if found]
        rules = _ROUTES.rules(keys, kinds=(_TYPE,) if _TYPE.key in keys else ())
        return partial(_tell, rules, filled) if filled or "honeyhive_error" in keys else rules

    def content(self, span: Span, content: Content) -> None:
        attributes = span.attributes
        for name, bucket in (("inputs", content.inputs), ("outputs", content.outputs)):
            pairs = numbered(attributes, f"honeyhive_{name}.")
            for key, value in nested((k, unpacked(v)) for k, v in pairs).items():
                give(bucket, key, value, origin=f"honeyhive_{name}.{key}")
        told = attributes.get(_TYPE.key)
        if told is not None and str(told) not in dict(_TYPE.types):
            spare(content, _TYPE.key, json_value(told))
        error = attributes.get("honeyhive_error")
        if error:
            content.error = dumped(plain(error))


class HoneyHiveDefault(Prepared):
    """What the SDK says of a span that no convention knows better."""

    name = "honeyhive_default"
    rank = 100

    def prepare(self, keys: Keys) -> Step | None:
        return Rules(kinds=(_DEFAULT,)) if _DEFAULT.key in keys else None

    def content(self, span: Span, content: Content) -> None:
        """A type is no content."""


def _below(prefix: str, keys: Keys) -> Sequence[tuple[str, str]]:
    """The keys that begin with ``prefix``, each with what follows it."""
    return [(key, key[len(prefix) :]) for key in keys if key.startswith(prefix)]


def _tell(
    rules: Rules,
    buckets: Sequence[tuple[str, Sequence[tuple[str, str]]]],
    span: Span,
    facts: Facts,
) -> None:
    rules(span, facts)
    attributes = span.attributes
    for bucket, keys in buckets:  # nested again; the SDK is asked first: its places are free
        pairs = ((name, plain(json_value(attributes[key]))) for key, name in keys)
        for name, value in nested(pairs).items():
            put(facts.attributes, f"{bucket}.{name}", value)
    if attributes.get("honeyhive_error") and not facts.error_class:
        facts.error_class = OTHER_ERROR
    _told(facts)


def _told(facts: Facts) -> None:
    """Model, provider and tokens that the user wrote into the buckets."""
    get = facts.attributes.get
    for fact in ("model", "provider"):
        value = get(f"config.{fact}")
        if isinstance(value, str) and not getattr(facts, fact):
            setattr(facts, fact, value)
    for path, value in facts.attributes.items():
        kind = path.removeprefix("metadata.")
        if kind in KINDS and (count := integer(value)) is not None:
            facts.usage.setdefault(kind, count)
