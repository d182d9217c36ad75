"""Tables that say where a convention's attributes belong in the wide event.

A table is asked once for the attribute keys of a kind of span, and answers with a ``Plan``: what
to do with the values of each such span.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hh_core.domain.event import Facts, Json, Step
from hh_core.domain.span import Keys, Span

REMEMBERED = 10_000
"""Keys that a table remembers; hostile ones beyond are looked up anew each time."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where one attribute belongs. Without ``read`` it is large: ``content`` places it."""

    read: "Reader | None" = None
    path: str = ""
    """Of the wide event, ``<bucket>.<key>``; empty: only the fact keeps it."""
    fact: str = ""
    """Field of ``Facts``: text."""
    usage: str = ""
    """Token kind."""


LARGE = Route()

Reader = Callable[[Any], Json]

Rule = Callable[[str], Route | None]
"""Makes the route of a key from what follows its prefix."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a table says of the attributes of a span."""

    large: frozenset[str]
    """Keys that ``content`` places."""
    small: Sequence[tuple[str, Reader, str, str, str]]
    """Key, and then what its route says: reader, path, fact, usage."""


class Routes(dict[str, Route | None]):
    """Routes by exact key, else by the first prefix that fits."""

    def __init__(self, exact: Mapping[str, Route], prefixes: Mapping[str, Rule]) -> None:
        super().__init__(exact)
        self._prefixes = dict(prefixes)

    def __missing__(self, key: str) -> Route | None:
        route = next(
            (rule(key[len(p) :]) for p, rule in self._prefixes.items() if key.startswith(p)), None
        )
        if len(self) < REMEMBERED:
            self[key] = route
        return route

    def plan(self, keys: Keys) -> Plan:
        found = [(key, route) for key in keys if (route := self[key]) is not None]
        return Plan(
            frozenset(key for key, route in found if route.read is None),
            tuple(
                (key, route.read, route.path, route.fact, route.usage)
                for key, route in found
                if route.read is not None
            ),
        )


class Prepared(ABC):
    """A mapper that is written as a ``PreparedMapper``: what it does follows from the keys."""

    @abstractmethod
    def prepare(self, keys: Keys) -> Step | None: ...

    def speaks(self, span: Span) -> bool:
        return self.prepare(tuple(span.attributes)) is not None

    def facts(self, span: Span, facts: Facts) -> None:
        step = self.prepare(tuple(span.attributes))
        if step is not None:
            step(span, facts)


def large(_: str) -> Route:
    return LARGE


def under(bucket: str, read: Reader) -> Rule:
    """Keep the rest of the key as the name in ``bucket``."""
    return lambda rest: Route(read, f"{bucket}.{rest}") if rest else None


def tokens(kind: str, read: Reader) -> Route:
    """A count of tokens: in ``metadata`` by its kind, and in the index's sums."""
    return Route(read, f"metadata.{kind}", usage=kind)


def follow(plan: Plan, span: Span, facts: Facts) -> None:
    """Place the small attributes of ``span``, and take the large ones for ``content``.

    A value whose place is taken by another one is not taken: it stays under its own name.
    """
    taken, values, attributes = facts.taken, span.attributes, facts.attributes
    taken |= plan.large
    for key, read, path, fact, usage in plan.small:
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
