"""Which fields of its events a list shows: what stands nowhere need not be made."""

from collections.abc import Sequence

_ALWAYS = ("metadata.cost",)
"""What others are told by: the cost that counts is compared with it."""


class Wanted:
    """The fields at ``paths``, and whatever these are found by; of no paths, all fields."""

    def __init__(self, paths: Sequence[str] = ()) -> None:
        self._paths = (*paths, *_ALWAYS) if paths else ()
        self._seen: dict[str, bool] = {}

    def __contains__(self, path: str) -> bool:
        if not self._paths:
            return True
        found = self._seen.get(path)
        if found is None:
            found = self._seen[path] = any(_meet(path, wanted) for wanted in self._paths)
        return found


ALL = Wanted()


def _meet(path: str, wanted: str) -> bool:
    """Whether one is the other, or stands in it: keys hold dots too, so both ways count."""
    return path == wanted or path.startswith(f"{wanted}.") or wanted.startswith(f"{path}.")
