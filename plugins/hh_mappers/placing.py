"""Placing large values in ``inputs`` and ``outputs``: the first one wins, no other one is lost."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from hh_core.domain.event import Content, Json
from hh_core.domain.paths import json_value
from hh_core.domain.span import Attributes, Span

_REMARKS = frozenset({"finish_reason", "reasoning"})
"""What a second convention may add to an answer that the first has told."""
_ROLES = ("system", "developer", "user", "assistant", "tool")


def give(bucket: dict[str, Json], key: str, value: Json, *, origin: str) -> None:
    """Set ``key`` if it is free, else keep a different value under the attribute's own name, which
    is the end of its key where that is free as well."""
    if value is None:
        return
    if key not in bucket:
        bucket[key] = value
    elif bucket[key] != value:
        own = origin.rpartition(".")[2]
        bucket[own if own and own not in bucket else origin] = value


def give_all(bucket: dict[str, Json], value: Json, key: str, *, origin: str) -> None:
    """An object gives its own keys, anything else stands under ``key``."""
    if isinstance(value, Mapping) and value:
        for name, item in value.items():
            if item is None:
                bucket.setdefault(name, None)
            give(bucket, name, item, origin=f"{origin}.{name}")
    else:
        give(bucket, key, value, origin=origin)


def offer(content: Content, bucket: str, key: str, value: Json, *, origin: str) -> None:
    """Set ``key`` of a bucket if it is free, else keep what says more under ``metadata``.

    Nothing is told twice: of two values of which one holds all texts of the other, it stays. What
    came with the span's events needs no ``origin``: they stand in ``metadata`` anyhow.
    """
    if value is None:
        return
    values: dict[str, Json] = getattr(content, bucket)
    there = values.get(key)
    if there is None or (there != value and covers(value, there)):
        values[key] = value
    elif not covers(there, value):
        spare(content, origin, value)


def offer_arguments(content: Content, value: Json, *, origin: str) -> None:
    """Give ``inputs`` what a tool was asked: an object's members, anything else as a whole."""
    if not content.inputs:
        give_all(content.inputs, value, "arguments", origin=origin)
    elif not covers(content.inputs, value):
        spare(content, origin, value)


def offer_answer(content: Content, said: Mapping[str, Json], *, origin: str) -> None:
    """Give ``outputs`` the message that a model answered; as ``offer``, but by its members."""
    outputs = content.outputs
    if outputs.keys().isdisjoint(said):
        outputs.update(said)
    elif covers(said, outputs):
        outputs.update((key, item) for key, item in said.items() if item or key not in outputs)
    elif covers(outputs, {key: item for key, item in said.items() if key not in _REMARKS}):
        for key in _REMARKS & said.keys():
            outputs.setdefault(key, said[key])
    else:
        spare(content, origin, dict(said))


def spare(content: Content, origin: str, value: Json) -> None:
    """Keep what finds its place taken; ``origin`` is its attribute, empty: nothing to keep."""
    if origin:
        content.metadata.setdefault(f"attributes.{origin}", value)


def covers(whole: Json, part: Json) -> bool:
    """Whether each text and number of ``part`` stands in ``whole`` as well, keys aside."""
    return set(_scalars(part)) <= set(_scalars(whole))


def _scalars(value: Json) -> Iterator[str]:
    if isinstance(value, Mapping):
        for name, item in value.items():
            if name != "role" or item not in _ROLES:
                yield from _scalars(item)
    elif isinstance(value, list):
        for item in value:
            yield from _scalars(item)
    elif value is not None and value != "":
        yield str(value)


def numbered(attributes: Attributes, prefix: str) -> list[tuple[str, Json]]:
    """The attributes below ``prefix``, without it, their values as JSON has them."""
    start = len(prefix)
    # few attributes stand there, and many prefixes are asked for: values are read of those alone
    found = [(key[start:], attributes[key]) for key in attributes if key.startswith(prefix)]
    return [(key, value if type(value) is str else json_value(value)) for key, value in found]


def unplaced(span: Span, content: Content) -> Span:
    """The span without the attributes that a mapper before this one has placed whole."""
    if content.used.isdisjoint(span.attributes):
        return span
    left = {key: value for key, value in span.attributes.items() if key not in content.used}
    return replace(span, attributes=left)
