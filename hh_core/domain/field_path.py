"""Dotted paths into events, cut once and looked up in many."""

from collections.abc import Iterator, Mapping, Sequence

from hh_core.domain.event import Event, Json
from hh_core.errors import RejectedError

MAX_PATH = 1024
"""Characters in a path."""
MAX_PARTS = 32
"""Names in a path, by its dots."""
_DIGITS = 9


class FieldPath:
    """Where a value stands: ``metadata.user_id``, ``inputs.chat_history.0.role``.

    Keys that themselves hold dots are found by their own name (``metadata.http.route``).
    """

    __slots__ = ("_keys", "_parts")

    def __init__(self, path: str) -> None:
        self._parts = path.split(".")
        self._keys: dict[int, Sequence[tuple[str, int]]] = {}

    def find(self, event: Json) -> Json:
        """The value, or None if it is missing, null or empty."""
        for found in self._walk(event, 0):
            if found is not None and found not in ("", [], {}):
                return found
        return None

    def copy(self, source: Event, target: dict[str, Json], start: int = 0) -> None:
        """Set in ``target`` what stands here in ``source``, in the same shape; it may be nothing.

        Below ``start`` names of the path, which lie behind.
        """
        for key, rest in self._prefixes(start):
            if key not in source:
                continue
            if rest == len(self._parts):
                target[key] = source[key]
            elif isinstance(source[key], Mapping):
                below = target.setdefault(key, {})
                if isinstance(below, dict) and below is not source[key]:
                    self.copy(source[key], below, rest)
            return

    def _walk(self, value: Json, start: int) -> Iterator[Json]:
        """Every value that the path can mean, the one through the longest keys first."""
        if start == len(self._parts):
            yield value
        elif isinstance(value, Mapping):
            for key, rest in self._prefixes(start):
                if key in value:
                    yield from self._walk(value[key], rest)
        elif isinstance(value, list):
            part = self._parts[start]
            if len(part) <= _DIGITS and part.isdecimal() and int(part) < len(value):
                yield from self._walk(value[int(part)], start + 1)

    def _prefixes(self, start: int) -> Sequence[tuple[str, int]]:
        """The keys that may come next, the longest first, each with what lies behind it then."""
        found = self._keys.get(start)
        if found is None:
            ends = range(len(self._parts), start, -1)
            found = [(".".join(self._parts[start:end]), end) for end in ends]
            self._keys[start] = found
        return found


def parse_path(given: Json, name: str) -> str:
    """A client's path. Raises ``RejectedError``, which calls it ``name``."""
    if not isinstance(given, str) or not 0 < len(given) <= MAX_PATH:
        raise RejectedError(f"{name} must be a dotted path of 1 to {MAX_PATH} characters")
    if given.count(".") >= MAX_PARTS:
        raise RejectedError(f"{name} has more than {MAX_PARTS} parts; name a field further up")
    return given
