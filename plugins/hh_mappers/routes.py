"""Tables that say where a convention's attributes belong in the wide event.

A table is asked once for each attribute of each span, so what it answers for a key by prefix is
remembered: the keys of a deployment are few.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hh_core.domain.event import Facts, Json
from hh_core.domain.paths import put
from hh_core.domain.span import Span

REMEMBERED = 10_000
"""Keys that a table remembers; hostile ones beyond are looked up anew each time."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where one attribute belongs. Without ``read`` it is large: ``content`` places it."""

    read: Callable[[Any], Json] | None = None
    path: str = ""
    """Of the wide event, ``<bucket>.<key>``; empty: only the fact keeps it."""
    fact: str = ""
    """Field of ``Facts``: text."""
    usage: str = ""
    """Token kind."""


LARGE = Route()

Rule = Callable[[str], Route | None]
"""Makes the route of a key from what follows its prefix."""


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


def large(_: str) -> Route:
    return LARGE


def under(bucket: str, read: Callable[[Any], Json]) -> Rule:
    """Keep the rest of the key as the name in ``bucket``."""
    return lambda rest: Route(read, f"{bucket}.{rest}") if rest else None


def tokens(kind: str, read: Callable[[Any], Json]) -> Route:
    """A count of tokens: in ``metadata`` by its kind, and in the index's sums."""
    return Route(read, f"metadata.{kind}", usage=kind)


def follow(routes: Routes, span: Span, facts: Facts) -> None:
    """Place the small attributes of ``span``, and take the large ones for ``content``.

    A value whose place is taken by another one is not taken: it stays under its own name.
    """
    taken = facts.taken
    for key, value in span.attributes.items():
        route = routes[key]
        if route is None or key in taken:
            continue
        if route.read is None:
            taken.add(key)
            continue
        read = route.read(value)
        if read is not None and _place(route, read, facts):
            taken.add(key)


def _place(route: Route, read: Json, facts: Facts) -> bool:
    if route.usage:
        facts.usage.setdefault(route.usage, read)
    elif route.fact:
        if not getattr(facts, route.fact):
            setattr(facts, route.fact, read)
        if not route.path:
            return bool(getattr(facts, route.fact) == read)
    return put(facts.attributes, route.path, read)
