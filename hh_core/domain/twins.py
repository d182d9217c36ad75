"""Two events of one failure: some SDKs tell an exception a second time, in a span of its own.

The ``honeyhive`` SDK adds to a failed ``module.lookup`` a span ``lookup_error`` with its error,
beside it or as the root of another trace (contract B3). Both stay events; screens show them as one.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SUFFIX = "_error"


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """What tells of a failed event whether it is a twin. Times are in any one unit."""

    event_id: str
    parent_id: str
    """Of an event at the top its session's."""
    name: str
    error: str
    start: float


def twins(session_id: str, failures: Iterable[Failure]) -> Mapping[str, str]:
    """Of the failures of a session those that tell one again, by event id: which one.

    It is called after the other with ``_error`` at the end, stands beside it or at the top, began
    after it, and one's error holds the other's. Each is told again once at most: of several it is
    the one that began last. A function of the set: their order changes nothing.
    """
    ordered = sorted(failures, key=lambda one: (one.start, one.event_id))
    found: dict[str, str] = {}
    open_: defaultdict[str, list[Failure]] = defaultdict(list)
    for one in ordered:
        base = one.name.removesuffix(SUFFIX)
        original = _original(one, open_[base], session_id) if base != one.name else None
        if original is not None:
            open_[base].remove(original)
            found[one.event_id] = original.event_id
        else:
            open_[one.name.rpartition(".")[2]].append(one)
    return found


def _original(twin: Failure, open_: Iterable[Failure], session_id: str) -> Failure | None:
    fitting = [
        one
        for one in open_
        if twin.parent_id in (one.parent_id, session_id)
        and (twin.error in one.error or one.error in twin.error)
    ]
    return fitting[-1] if fitting else None
