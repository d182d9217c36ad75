"""What stands in a tree of JSON, as texts."""

import json
from collections.abc import Iterator, Mapping
from typing import Any


def squeezed(text: object) -> str:
    """With one space where there is white space."""
    return " ".join(str(text).split())


def leaves(tree: Any) -> Iterator[str]:
    """Every key and scalar as text; of a text that holds JSON also what that holds."""
    waiting = [tree]
    while waiting:
        value = waiting.pop()
        if isinstance(value, Mapping):
            yield from map(squeezed, value)
            waiting += value.values()
        elif isinstance(value, list | tuple):
            waiting += value
        elif value is not None:
            yield squeezed(value)
            inner = parsed(value)
            if inner is not None:
                waiting.append(inner)


def parsed(value: Any) -> Any:
    """The object or list that a text holds; None if it holds none."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return None
    return None


def holds(tree: Any, text: object) -> bool:
    """Whether ``text`` stands in the tree, white space aside."""
    wanted = squeezed(text)
    return any(wanted in leaf for leaf in leaves(tree))
