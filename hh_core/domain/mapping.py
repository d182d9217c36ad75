"""From a span to the index's facts and to the wide event: all mappers, then what none of them took.

``facts`` is the hot path: once for every span at dispatch. ``event`` runs when somebody reads, and
begins with the same facts, so what a reader sees under ``INDEXED`` is what the index was told.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from collections.abc import Mapping as Mapping_
from dataclasses import dataclass, replace
from typing import NamedTuple

from hh_core.domain.enrichment import INDEXED, OTHER_ERROR, assumed_type, complete_usage, dollars
from hh_core.domain.event import (
    Content,
    Facts,
    Json,
    Mapper,
    PreparedMapper,
    Step,
    ids_are_verbatim,
)
from hh_core.domain.paths import index, json_value, put
from hh_core.domain.rules import Rules
from hh_core.domain.sheet import FACTS, Form
from hh_core.domain.span import MAX_SHAPES, ROOT_PARENTS, ByKeys, Keys, Span, SpanEvent

__all__ = [
    "DERIVED",
    "INDEXED",
    "Mapping",
    "ToldCount",
    "is_left_to_content",
    "scope_name",
    "service_name",
]

DERIVED = frozenset({"trace_id", "span_id", "parent_span_id"})
"""Keys of ``metadata`` that come from columns of their own, whatever a client writes there."""

CONTEXT = frozenset({"resource", "scope", "span_events", "span_links"})
"""Keys of ``metadata`` that only the content has: what stands around a span's own attributes."""

DOCUMENTS = frozenset(
    {
        *(
            "tools",
            "tool_choice",
            "response_format",
            "model_request_parameters",
            "prompt_variables",
        ),
        *("prompt_template", "generation_kwargs"),
    }
)
"""Keys of ``config`` that may be large: mappers leave them to the content."""

SPARE = "attributes"
"""Key of ``metadata`` for attributes whose place another one has taken."""

EVENT_TYPES = frozenset({"model", "tool", "chain"})
_OWN_SCOPE = re.compile(r"honeyhive\.(0x)?[0-9a-fA-F]+")
_NOTHING = Rules()
_Prepare = Callable[[Keys], Step | None]
_ERROR = 2
_OK = 1


@dataclass(frozen=True, slots=True)
class _Speaker:
    """A mapper that speaks of spans with certain attribute keys, or may."""

    mapper: Mapper
    step: Step
    asks: Callable[[Span], bool] | None
    """Whether it speaks of a span; None: of all with these keys."""


@dataclass(frozen=True, slots=True)
class _Plan:
    """What spans with the same attribute keys have in common."""

    speakers: Sequence[_Speaker]
    first: Sequence[_Speaker]
    """Those of them that have something to do in the first pass."""
    places: Sequence[tuple[str, str, str]]
    """Of each key: where it stands if no mapper takes it, and where if that place is taken."""


@dataclass(frozen=True, slots=True)
class Formed:
    """How spans with certain attribute keys are mapped column by column."""

    form: Form
    wanted: tuple[int, ...]
    """Where the form's keys stand among the attributes."""


class ToldCount(NamedTuple):
    told: int
    key: str
    """Of the attribute; empty: the mapper reads it from within one."""
    mapper: str


class Mapping:
    """Asks the mappers in their order. A mapper that raises is counted and does no more harm."""

    def __init__(self, mappers: Sequence[Mapper]) -> None:
        ordered = sorted(mappers, key=lambda mapper: (mapper.rank, mapper.name))
        # asking whether something keeps a protocol takes longer than preparing a mapper
        self._mappers = tuple(
            (mapper, mapper.prepare if isinstance(mapper, PreparedMapper) else None)
            for mapper in ordered
        )
        self._plans = ByKeys(self._plan)
        self._formed = ByKeys(self._form)
        self._forms: dict[tuple[Keys, tuple[Rules, ...]], Form] = {}
        self.ids_are_verbatim = all(map(ids_are_verbatim, ordered))
        """Of all mappers."""
        self.failures: Counter[str] = Counter()
        """How often each mapper has raised."""

    def facts(self, span: Span) -> Facts:
        """What the index keeps of ``span``, within its bounds."""
        facts = self._collect(span, self._plans[tuple(span.attributes)])
        facts.attributes, facts.truncated = index(facts.attributes)
        return facts

    def formed(self, keys: Keys) -> Formed | None:
        """How spans with these attribute keys are mapped by ``hh_core.domain.sheet``; None: only
        one by one. Long attributes make no form of their own, so that conversations of any length
        have one."""
        return self._formed[keys]

    def told(self, span: Span) -> Mapping_[str, ToldCount]:
        """The token counts as ``span`` tells them, by kind, each with where: for derivations."""
        facts, found = Facts(), dict[str, ToldCount]()
        for speaker in self._plans[tuple(span.attributes)].first:
            try:
                if speaker.asks is None or speaker.asks(span):
                    speaker.step(span, facts)
            except Exception:  # as in _collect
                self.failures[speaker.mapper.name] += 1
            for kind, count in facts.usage.items():
                if kind not in found:
                    key = _key_of(speaker.step, kind, span)
                    found[kind] = ToldCount(count, key, speaker.mapper.name)
        return found

    def event(self, span: Span, logs: Sequence[SpanEvent] = ()) -> Content:
        """What a reader sees of ``span``: every attribute is somewhere in it.

        ``logs`` are its log records as events. They are part of the content, and of no facts: the
        index knows those from the span alone, which may have come first.
        """
        plan = self._plans[tuple(span.attributes)]
        content, facts = Content(), self._collect(span, plan)
        has_failed = _failed(span)
        if logs:
            span = replace(span, events=[*span.events, *logs])
        for path, value in facts.attributes.items():
            bucket, _, name = path.partition(".")
            if bucket in INDEXED:
                getattr(content, bucket)[name] = value
            elif path == "source":
                content.source = str(value)
        for speaker in plan.speakers:
            try:
                if speaker.asks is None or speaker.asks(span):
                    speaker.mapper.content(span, content)
            except Exception:  # as in _collect
                self.failures[speaker.mapper.name] += 1
        if not facts.error_class and content.error:
            # whoever asks for errors is answered by the index: what it was not told of is none
            content.metadata.setdefault("error_message", content.error)
            content.error = None
        elif not content.error:
            content.error = (_error(span) if has_failed else None) or facts.error_class or None
        content.metadata.update(_context(span))
        return content

    def _collect(self, span: Span, plan: _Plan) -> Facts:
        facts = Facts()
        for speaker in plan.first:
            try:
                if speaker.asks is None or speaker.asks(span):
                    speaker.step(span, facts)
            except Exception:  # a third party's mapper must not stop the spans of all others
                self.failures[speaker.mapper.name] += 1
        _complete(span, facts)
        _keep_the_rest(span, facts, plan)
        return facts

    def _plan(self, keys: Keys) -> _Plan:
        found = [self._speaker(*mapper, keys) for mapper in self._mappers]
        speakers = tuple(speaker for speaker in found if speaker is not None)
        return _Plan(
            speakers,
            tuple(speaker for speaker in speakers if speaker.step != _NOTHING),
            tuple((key, *_places(key)) for key in keys),
        )

    def _form(self, keys: Keys) -> Formed | None:
        steps = [speaker.step for speaker in self._plans[keys].first]
        rules = [step for step in steps if isinstance(step, Rules) and _is_regular(step)]
        if len(rules) < len(steps) or len(set(keys)) < len(keys):
            return None
        named = {key for rule in rules for key in _named(rule)}
        large = frozenset[str]().union(*(rule.large for rule in rules)) - named
        wanted = tuple(place for place, key in enumerate(keys) if key not in large)
        small = tuple(keys[place] for place in wanted)
        own = tuple(replace(rule, large=rule.large.intersection(small)) for rule in rules)
        if len(self._forms) >= MAX_SHAPES:
            self._forms.clear()
        form = self._forms.get((small, own))
        if form is None:
            form = self._forms[small, own] = Form(
                small,
                own,
                tuple((key, *_places(key)) for key in small),
                tuple((small.index(d.key), d.read) for rule in rules for d in rule.documents),
            )
        return Formed(form, wanted)

    def _speaker(self, mapper: Mapper, prepare: _Prepare | None, keys: Keys) -> _Speaker | None:
        if prepare is None:
            return _Speaker(mapper, mapper.facts, mapper.speaks)
        try:
            step = prepare(keys)
        except Exception:  # as in _collect
            self.failures[mapper.name] += 1
            return None
        return None if step is None else _Speaker(mapper, step, None)


def is_left_to_content(path: str) -> bool:
    """Whether the index may know nothing of ``path``, though its bucket is in ``INDEXED``."""
    bucket, _, name = path.partition(".")
    first = name.partition(".")[0]
    return first in DOCUMENTS if bucket == "config" else first in CONTEXT or first == SPARE


def scope_name(span: Span) -> str:
    """The instrumentation scope; a memory address in it is left out."""
    name = span.origin.scope_name
    return "honeyhive" if _OWN_SCOPE.fullmatch(name) else name


def service_name(span: Span) -> str:
    name = span.origin.resource.get("service.name")
    return name if isinstance(name, str) else ""


def _complete(span: Span, facts: Facts) -> None:
    """What follows from the span itself where no convention says it."""
    facts.event_name = facts.event_name or span.name
    if facts.event_type not in EVENT_TYPES:
        facts.event_type = assumed_type(is_root=span.parent_span_id in ROOT_PARENTS)
    if not facts.error_class:
        facts.error_class = error_class(span)
    if facts.usage:
        complete_usage(facts)
    if facts.cost is None and facts.event_type != "chain":
        facts.cost = dollars(facts.attributes.get("metadata.cost"))


def _keep_the_rest(span: Span, facts: Facts, plan: _Plan) -> None:
    """Everything not taken stands under ``metadata`` by its own dotted name."""
    attributes, taken, values = facts.attributes, facts.taken, span.attributes
    for key, place, spare in plan.places:
        if key not in taken:
            value = values[key]
            kept = value if type(value) is str else json_value(value)
            if not put(attributes, place, kept):
                put(attributes, spare, kept)


def _places(key: str) -> tuple[str, str]:
    spare = f"metadata.{SPARE}.{key}"
    return (spare if key in DERIVED or key in CONTEXT else f"metadata.{key}"), spare


def _key_of(step: Step, kind: str, span: Span) -> str:
    """The attribute in which rules find a count."""
    candidates = (step, *getattr(step, "args", ()))
    rules = next((one for one in candidates if isinstance(one, Rules)), None)
    small = rules.small if rules is not None else ()
    values = span.attributes
    read = (s.key for s in small if s.usage == kind and s.read(values.get(s.key)) is not None)
    return next(read, "")


def _is_regular(rules: Rules) -> bool:
    """Whether its facts have columns."""
    told = all(small.fact in FACTS and (small.path or not small.usage) for small in rules.small)
    derived = {fallback.fact for fallback in rules.fallbacks}
    return told and derived.union(glance.fact for glance in rules.glances) <= FACTS


def _named(rules: Rules) -> Iterator[str]:
    """Keys whose values it reads."""
    yield from (small.key for small in rules.small)
    yield from (kind.key for kind in rules.kinds)
    yield from (document.key for document in rules.documents)
    yield from (glance.key for glance in rules.glances)


def _exception(span: Span) -> SpanEvent | None:
    return next((event for event in span.events if event.name == "exception"), None)


def _failed(span: Span) -> bool:
    if span.status_code == _ERROR:
        return True
    return bool(span.events) and span.status_code != _OK and _exception(span) is not None


def error_class(span: Span) -> str:
    """Of a span that failed, if no convention tells; empty for any other."""
    if not _failed(span):
        return ""
    exception = _exception(span)
    found = span.attributes.get("error.type")
    if exception is not None and not isinstance(found, str):
        found = exception.attributes.get("exception.type")
    return found if isinstance(found, str) and found else OTHER_ERROR


def _error(span: Span) -> str:
    """Of a span that failed: the status message, else the exception's, else its class (contract
    B6)."""
    exception = _exception(span)
    message = exception.attributes.get("exception.message") if exception is not None else None
    if span.status_code == _ERROR and span.status_message:
        return span.status_message
    return message if isinstance(message, str) and message else error_class(span)


def _context(span: Span) -> Iterator[tuple[str, Json]]:
    """What stands around the attributes: ids, resource, scope, span events and links."""
    yield "trace_id", span.trace_id.hex()
    yield "span_id", span.span_id.hex()
    yield "parent_span_id", span.parent_span_id.hex() or None
    origin = span.origin
    if origin.resource:
        yield "resource", json_value(origin.resource)
    if origin.scope_name:
        scope = {"name": scope_name(span), "version": origin.scope_version}
        yield (
            "scope",
            scope
            | (
                {"attributes": json_value(origin.scope_attributes)}
                if origin.scope_attributes
                else {}
            ),
        )
    if span.events:
        yield (
            "span_events",
            [
                {"name": e.name, "time_ns": e.time_ns, "attributes": json_value(e.attributes)}
                for e in span.events
            ],
        )
    if span.links:
        yield (
            "span_links",
            [
                {
                    "trace_id": link.trace_id.hex(),
                    "span_id": link.span_id.hex(),
                    "attributes": json_value(link.attributes),
                }
                for link in span.links
            ],
        )
