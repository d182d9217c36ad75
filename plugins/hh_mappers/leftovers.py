"""What is left of a document that an attribute holds, once its parts stand elsewhere in the event.

Several conventions send a whole request and a whole answer as JSON beside attributes that say the
same. Nothing is told twice, and nothing is lost: only what is new is kept, under ``metadata``.
"""

from collections.abc import Iterable, Iterator, Mapping

from hh_core.domain.event import Content, Json
from hh_core.domain.mapping import SPARE
from hh_core.domain.paths import json_value
from hh_core.domain.span import Attributes
from hh_mappers.framework_messages import in_normal_form
from hh_mappers.placing import covers, offer, spare
from hh_mappers.reading import structured

_MOST_SEARCHES = 1_000
"""Texts that are searched for inside of others; more are kept if they do not stand as they are."""
_SHORTEST_SEARCH = 8
"""Characters. Shorter texts are found in others by accident."""
_DEEPEST = 100
_FORMAL = frozenset({"type", "role", "index", "lc"})
"""Members that say nothing without the others."""
_CREW = frozenset({"tasks_output", "expected_output"})
"""Beside ``raw``, the output of a crew or a task of CrewAI: it repeats those of others."""
_NOTHING: tuple[Json, ...] = (None, "", [], {})
_BUCKETS = ("inputs", "outputs", "config", "metadata")


def leave(content: Content, origin: str, document: Json) -> None:
    """Keep what of ``document`` stands nowhere else in the event as told by the attribute
    ``origin``: texts by themselves, numbers and truth values under the same name."""
    if document in _NOTHING:
        return
    rest = _Told(content).without(document)
    if rest is None:
        return
    there = content.metadata.get(f"{SPARE}.{origin}")
    if there is None:
        spare(content, origin, rest)
    elif isinstance(there, Mapping) and isinstance(rest, Mapping):
        content.metadata[f"{SPARE}.{origin}"] = {**rest, **there}
    else:
        content.metadata[f"{SPARE}.{origin}"] = [there, rest]


def leave_attributes(content: Content, attributes: Attributes, keys: Iterable[str]) -> None:
    """As ``leave``, of all these attributes: for values of another type than they should have."""
    for key in keys:
        if key in attributes:
            leave(content, key, json_value(attributes[key]))


def give_members(content: Content, bucket: str, side: str, value: Json, origin: str) -> None:
    """What a tool or a chain was given or gave: an object gives its own members, anything else
    stands under ``side``. Messages of frameworks take their normal form."""
    values = getattr(content, bucket)
    found = in_normal_form(value)
    if isinstance(found, Mapping) and "raw" in found and not _CREW.isdisjoint(found):
        found = {side: found["raw"]}
    if not (values and covers(values, found)):
        if isinstance(found, Mapping) and found:
            for name, item in found.items():
                if name not in values:
                    values[name] = item
                else:
                    offer(content, bucket, name, item, origin=f"{origin}.{name}")
        else:
            offer(content, bucket, side, found, origin=origin)
    if found != value:
        leave(content, origin, value)


class _Told:
    """The values that an event tells already, and those that are kept: each is kept once."""

    def __init__(self, content: Content) -> None:
        self._pairs: set[tuple[str, Json]] = set()
        self._texts: set[str] = set()
        for bucket in _BUCKETS:
            for name, value in _scalars(getattr(content, bucket), "", 0):
                if type(value) is str:
                    self._texts.update((value, *value.split("\n")))
                else:
                    self._pairs.add((name if type(value) is not float else "", value))
        self._all = "\0".join(self._texts)
        self._searches = 0

    def without(self, value: Json, name: str = "", depth: int = 0) -> Json:
        """``value`` without what is told; None if nothing is left."""
        if depth > _DEEPEST:
            return value
        if isinstance(value, Mapping):
            pairs = ((key, self.without(item, key, depth + 1)) for key, item in value.items())
            members = {key: item for key, item in pairs if item is not None}
            return members if members.keys() - _FORMAL else None
        if isinstance(value, list):
            items = [self.without(item, name, depth + 1) for item in value]
            return [item for item in items if item is not None] or None
        if isinstance(value, str):
            return self._text(value, name, depth)
        key = name if type(value) is not float else ""
        return None if (key, value) in self._pairs else value

    def _text(self, value: str, name: str, depth: int) -> Json:
        if not value or value in self._texts:
            return None
        found = structured(value) if value[0] in "[{" else None
        if found is not None:
            return self.without(found, name, depth + 1)
        self._searches += 1
        is_worth_it = len(value) >= _SHORTEST_SEARCH and self._searches <= _MOST_SEARCHES
        if is_worth_it and value in self._all:
            return None
        if name not in _FORMAL:  # what is formal goes if nothing stands beside it
            self._texts.add(value)
        return value


def _scalars(value: Json, name: str, depth: int) -> Iterator[tuple[str, Json]]:
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _scalars(item, key, depth + 1)
    elif isinstance(value, list):
        for item in value:
            yield from _scalars(item, name, depth + 1)
    elif value is not None:
        yield name, value
