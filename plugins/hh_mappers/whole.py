"""Conventions that keep what went into a span and what came out of it as one value each.

A convention names its keys, and what kinds of spans it has; ``Whole`` places their values.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import ClassVar

from hh_core.domain.enrichment import INDEXED
from hh_core.domain.event import Content, Step
from hh_core.domain.mapping import CONTEXT, DERIVED, SPARE
from hh_core.domain.rules import Document, Fallback, Glance, Kind, Reader
from hh_core.domain.span import AnyValue, Attributes, Keys, Span
from hh_core.domain.telemetry import USAGE_KINDS
from hh_mappers.bodies import give_answer, give_arguments, give_request, give_result
from hh_mappers.placing import offer
from hh_mappers.reading import unpacked
from hh_mappers.routes import Prepared, Route, Routes, Rule, under

EMBEDDING = "embedding"
"""A kind of call that is a ``model`` event, but no chat."""
_RESERVED = DERIVED | CONTEXT | USAGE_KINDS | {SPARE, "cost", "response_id", "response_model"}


class Whole(Prepared):
    """What a convention is, said as class variables; ``prepare`` and ``content`` follow."""

    marks: ClassVar[frozenset[str]]
    """Keys of which any one tells that the convention is spoken."""
    routes: ClassVar[Routes]
    kind: ClassVar[str]
    """The key that tells what kind of span it is."""
    kinds: ClassVar[Mapping[str, str]]
    """Values of ``kind``: ``model``, ``embedding``, ``tool`` or ``chain``."""
    documents: ClassVar[tuple[Document, ...]] = ()
    fallbacks: ClassVar[tuple[Fallback, ...]] = ()
    glances: ClassVar[tuple[Glance, ...]] = ()
    inputs: ClassVar[tuple[str, ...]]
    outputs: ClassVar[tuple[str, ...]]
    offered: ClassVar[Mapping[str, str]] = {}
    """Keys of what a model was offered, and which key of ``config`` shows it."""

    def prepare(self, keys: Keys) -> Step | None:
        if self.marks.isdisjoint(keys):
            return None
        rules = self.routes_of(keys).rules(
            keys,
            kinds=self.told_kinds(keys),
            documents=tuple(document for document in self.documents if document.key in keys),
            fallbacks=self.fallbacks,
        )
        return replace(rules, glances=tuple(one for one in self.glances if one.key in keys))

    def routes_of(self, keys: Keys) -> Routes:
        return self.routes

    def told_kinds(self, keys: Keys) -> tuple[Kind, ...]:
        types = ((told, _type(kind)) for told, kind in self.kinds.items())
        return (Kind(self.kind, tuple(types)),) if self.kind in keys else ()

    def kind_of(self, attributes: Attributes) -> str:
        """Which kind of span it is; empty: unknown."""
        return self.kinds.get(str(attributes.get(self.kind)), "")

    def opened(self, value: AnyValue) -> AnyValue:
        """A value without the convention's own wrapping."""
        return value

    def content(self, span: Span, content: Content) -> None:
        attributes = span.attributes
        for key, place in self.offered.items():
            if key in attributes:
                offer(content, "config", place, unpacked(attributes[key]), origin=key)
                content.used.add(key)
        kind = self.kind_of(attributes)
        for key in self.inputs:
            if key in attributes and key not in content.used:
                self.give_input(content, kind, key, self.opened(attributes[key]))
                content.used.add(key)
        for key in self.outputs:
            if key in attributes and key not in content.used:
                self.give_output(content, kind, key, self.opened(attributes[key]))
                content.used.add(key)

    def give_input(self, content: Content, kind: str, key: str, value: AnyValue) -> None:
        if kind in ("model", EMBEDDING):
            give_request(content, value, origin=key, is_embedding=kind == EMBEDDING)
        else:
            give_arguments(content, value, origin=key)

    def give_output(self, content: Content, kind: str, key: str, value: AnyValue) -> None:
        if kind in ("model", EMBEDDING):
            give_answer(content, value, origin=key, is_embedding=kind == EMBEDDING)
        else:
            give_result(content, value, origin=key)


def own(bucket: str, read: Reader) -> Rule:
    """As ``under``, but names that mean something to the platform keep their whole key."""
    rule = under(bucket, read)
    assert bucket in INDEXED

    def route(rest: str) -> Route | None:
        return None if rest.partition(".")[0] in _RESERVED else rule(rest)

    return route


def _type(kind: str) -> str:
    return "model" if kind == EMBEDDING else kind
