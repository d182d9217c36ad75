"""What a mapper does, as data: where values go, what kind of event it is, which JSON is spread.

A mapper that answers ``prepare`` with ``Rules`` is followed twice: span by span here, and, many
spans of one form at once, column by column in ``hh_core.domain.sheet``. Both give the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, cast

from hh_core.domain.event import Facts, Json
from hh_core.domain.paths import put
from hh_core.domain.span import Attributes, Span
from hh_core.domain.telemetry import USAGE_KINDS

Reader = Callable[[Any], Json]
"""Reads an attribute's value; None for what it cannot read. Never raises."""


class Small(NamedTuple):
    """Where a small attribute belongs."""

    key: str
    read: Reader
    path: str
    """Of the wide event, ``<bucket>.<key>``; empty: only the fact keeps it."""
    fact: str
    """Field of ``Facts`` that holds it too: text or a number. Empty: none."""
    usage: str
    """Token kind that it counts. Empty: none."""


class Kind(NamedTuple):
    """Which type of event the value of an attribute tells."""

    key: str
    """Empty: ``otherwise`` holds for all spans."""
    types: tuple[tuple[str, str], ...]
    """Value and event type."""
    otherwise: str = ""


class Document(NamedTuple):
    """An attribute that holds a JSON object: its members become values of a bucket."""

    key: str
    bucket: str
    read: Reader
    """The object that a text holds, a pure function of it; else anything but an object."""
    skipped: frozenset[str] = frozenset()
    """Members that are left to ``content``."""
    renamed: tuple[tuple[str, str], ...] = ()
    """Members that stand under another path of the wide event, and which."""
    is_usage: bool = False
    """Whether members that are named as token kinds are counts of tokens."""


class Glance(NamedTuple):
    """A fact that stands inside a large value: read in passing, the value stays ``content``'s."""

    key: str
    read: Reader
    """The text; None where there is none, which is no mistake. Must be cheap: it runs for each
    span, whatever the size of the value."""
    fact: str
    path: str
    """Where the fact stands too. Nothing else may fill it if not the fact as well."""


class Fallback(NamedTuple):
    """A fact that events of one type take from a value where nothing tells it."""

    event_type: str
    """Empty: events of any type."""
    fact: str
    source: str
    """Path of the value; only a text counts."""
    path: str
    """Where the fact stands then too, if nothing else does. Empty: nowhere."""


@dataclass(frozen=True, slots=True)
class Rules:
    """The first pass of a mapper over spans of certain attribute keys. All of it is hashable."""

    large: frozenset[str] = frozenset()
    """Keys that ``content`` places."""
    small: tuple[Small, ...] = ()
    kinds: tuple[Kind, ...] = ()
    """In order: the first that knows counts, unless a mapper before this one has known."""
    documents: tuple[Document, ...] = ()
    fallbacks: tuple[Fallback, ...] = ()
    """Looked at last."""
    glances: tuple[Glance, ...] = ()

    def __call__(self, span: Span, facts: Facts) -> None:
        follow(self, span, facts)
        for kind in self.kinds:
            if not facts.event_type:
                told = str(span.attributes.get(kind.key))
                facts.event_type = dict(kind.types).get(told, kind.otherwise)
        for document in self.documents:
            _spread(span.attributes, document, facts)
        for glance in self.glances:
            _glance(span.attributes, glance, facts)
        for fallback in self.fallbacks:
            _fall_back(fallback, facts)


def follow(rules: Rules, span: Span, facts: Facts) -> None:
    """Place the small attributes of ``span``, and take the large ones for ``content``.

    A value whose place is taken by another one is not taken: it stays under its own name.
    """
    taken, values, attributes = facts.taken, span.attributes, facts.attributes
    taken |= rules.large
    for key, read, path, fact, usage in rules.small:
        if key in taken or (value := read(values[key])) is None:
            continue
        if usage:
            facts.usage.setdefault(usage, value)
        elif fact:
            if not (known := getattr(facts, fact)):
                setattr(facts, fact, value)
                known = value
            if not path:
                if known == value:
                    taken.add(key)
                continue
        if attributes.setdefault(path, value) == value:
            taken.add(key)


def places(members: Mapping[str, Json], document: Document) -> tuple[tuple[str, str], ...]:
    """The members that are spread, each with its path."""
    bucket, skipped, renamed = document.bucket, document.skipped, dict(document.renamed)
    return tuple(
        (name, renamed.get(name, f"{bucket}.{name}")) for name in members if name not in skipped
    )


def _glance(attributes: Attributes, glance: Glance, facts: Facts) -> None:
    key, read, fact, path = glance
    if not getattr(facts, fact) and (value := read(attributes[key])):
        setattr(facts, fact, value)
        facts.attributes.setdefault(path, value)


def _fall_back(fallback: Fallback, facts: Facts) -> None:
    event_type, fact, source, path = fallback
    if event_type in ("", facts.event_type) and not getattr(facts, fact):
        value = facts.attributes.get(source)
        if type(value) is str and value:
            setattr(facts, fact, value)
            if path:
                facts.attributes.setdefault(path, value)


def _spread(attributes: Attributes, document: Document, facts: Facts) -> None:
    """What finds its place taken keeps its attribute's own name."""
    key = document.key
    found = document.read(attributes[key])
    if type(found) is not dict or key in facts.taken:
        return
    placed = True
    for name, path in places(found, document):
        if document.is_usage and name in USAGE_KINDS:
            facts.usage.setdefault(name, cast(int, found[name]))
        placed = put(facts.attributes, path, found[name]) and placed
    if placed:
        facts.taken.add(key)
