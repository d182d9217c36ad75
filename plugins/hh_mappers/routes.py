"""Tables that say where a convention's attributes belong in the wide event.

A table is asked once for the attribute keys of a kind of span, and answers with ``Rules``: what to
do with the values of each such span.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from hh_core.domain.event import Facts, Step
from hh_core.domain.rules import Document, Fallback, Kind, Reader, Rules, Small
from hh_core.domain.span import Keys, Span
from hh_mappers.reading import count, integer

REMEMBERED = 10_000
"""Keys that a table remembers; hostile ones beyond are looked up anew each time."""


@dataclass(frozen=True, slots=True)
class Route:
    """Where one attribute belongs. Without ``read`` it is large: ``content`` places it."""

    read: Reader | None = None
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
    """Routes by exact key, else by the first prefix that fits.

    Where two keys tell of one place, the one that the table names first counts, whatever the order
    in which a span has them.
    """

    def __init__(self, exact: Mapping[str, Route], prefixes: Mapping[str, Rule]) -> None:
        super().__init__(exact)
        self._prefixes = dict(prefixes)
        self._order = {key: place for place, key in enumerate(exact)}

    @property
    def prefixes(self) -> tuple[str, ...]:
        return tuple(self._prefixes)

    def __missing__(self, key: str) -> Route | None:
        route = next(
            (rule(key[len(p) :]) for p, rule in self._prefixes.items() if key.startswith(p)), None
        )
        if len(self) < REMEMBERED:
            self[key] = route
        return route

    def rules(
        self,
        keys: Keys,
        *,
        kinds: tuple[Kind, ...] = (),
        documents: tuple[Document, ...] = (),
        fallbacks: tuple[Fallback, ...] = (),
    ) -> Rules:
        found = [(key, route) for key in keys if (route := self[key]) is not None]
        found.sort(key=lambda pair: (self._order.get(pair[0], len(self._order)), pair[0]))
        return Rules(
            frozenset(key for key, route in found if route.read is None),
            tuple(
                Small(key, route.read, route.path, route.fact, route.usage)
                for key, route in found
                if route.read is not None
            ),
            kinds,
            documents,
            fallbacks,
        )


class Prepared(ABC):
    """A mapper that is written as a ``PreparedMapper``: what it does follows from the keys."""

    ids_are_verbatim = True

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
    return Route(count if read is integer else read, f"metadata.{kind}", usage=kind)
