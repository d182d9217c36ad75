"""What a reader asks: an export, a search or a schema request as clients write it (contract A4).

Everything that is not understood is a ``RejectedError`` that names the field and the remedy.
"""

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from difflib import get_close_matches

import orjson

from hh_core.domain.event import Json
from hh_core.domain.field_path import parse_path
from hh_core.domain.filters import Filter, milliseconds, number_of, parse_filters
from hh_core.errors import RejectedError
from hh_core.usecases.sorting import NEWEST, Sort, parse_sort

EXPORT_LIMIT = 7500
SEARCH_LIMIT = 1000
DEFAULT_LIMIT = 1000
MAX_PROJECTIONS = 256
_MAX_LITERAL = 8192
"""Characters of a Python or JSON literal in a query string."""
_MAX_MS = 1e13
"""The year 2286, the last that events have; what is beyond asks for all."""

_LOWER = ("$gte", "gte", "start_time", "start", "from")
_UPPER = ("$lte", "lte", "end_time", "end", "to")
_UNIT_MS = {
    "s": 1000,
    "m": 60_000,
    "h": 3_600_000,
    "d": 86_400_000,
    "w": 7 * 86_400_000,
    "mo": 30 * 86_400_000,
    "y": 365 * 86_400_000,
}
_FIELDS = (
    *("filters", "dateRange", "limit", "page", "projections", "evaluation_id"),
    *("sort", "cursor", "count", "detail", "live", "since"),
)
_PASSED_OVER = frozenset({"project", "project_id"})
"""Clients send them; the key has said which project it is."""
_MOST_WARNINGS = 5
_RELATIVE = re.compile(r"\s*(\d{1,6})\s*(s|m|h|d|w|mo|y)\s*")


@dataclass(frozen=True, slots=True)
class Range:
    """Start times in milliseconds, both ends included; None is open."""

    first: float | None = None
    last: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class EventQuery:
    """All filters must hold. ``page`` counts from 1."""

    filters: tuple[Filter, ...] = ()
    range: Range = Range()
    limit: int = DEFAULT_LIMIT
    page: int = 1
    projections: tuple[str, ...] = ()
    sort: Sort = NEWEST
    cursor: str | None = None
    """Where the page begins, instead of ``page``."""
    is_counted: bool = True
    """Whether all matches are counted, or those of the page are enough."""
    of_index: bool = False
    """Events as the index has them: rows of a list, without content."""
    is_live: bool = False
    """The answer is to say from where on changes are asked."""
    since: str | None = None
    """Only what became readable or changed after the answer that gave this."""
    asked_ms: int = field(default=0, compare=False)
    """When it was asked, in milliseconds since 1970."""
    warnings: tuple[str, ...] = ()
    """What the client should be told of its question."""

    @property
    def offset(self) -> int:
        return (self.page - 1) * self.limit

    @property
    def question(self) -> str:
        """What a cursor belongs to: filters and order. A relative range moves on with time."""
        return orjson.dumps([self.filters, self.sort]).decode()


def parse_query(body: Json, *, max_limit: int, now_ms: Callable[[], int]) -> EventQuery:
    """An export (``max_limit`` 7500) or search (1000) request. Unknown fields are passed over
    with a warning."""
    if not isinstance(body, Mapping):
        raise RejectedError("the body must be a JSON object")
    query = EventQuery(
        filters=parse_filters(literal(body.get("filters"), "filters")),
        range=parse_range(body.get("dateRange"), now_ms=now_ms),
        limit=count_of(body.get("limit"), "limit", min(DEFAULT_LIMIT, max_limit), max_limit),
        page=count_of(body.get("page"), "page", 1, 1_000_000),
        projections=_projections(body.get("projections")),
        sort=parse_sort(literal(body.get("sort"), "sort")),
        cursor=_token(body.get("cursor"), "cursor"),
        is_counted=_choice(body.get("count"), "count", ("exact", "none")) == "exact",
        of_index=_choice(body.get("detail"), "detail", ("full", "row")) == "row",
        is_live=body.get("live") is True,
        since=_token(body.get("since"), "since"),
        asked_ms=now_ms(),
        warnings=_unknown(body),
    )
    return with_run(_agreed(query), body.get("evaluation_id"))


def _agreed(query: EventQuery) -> EventQuery:
    """Raises ``RejectedError`` for fields that contradict each other."""
    if query.since is not None and query.cursor is not None:
        raise RejectedError("since and cursor ask for different things; send one of them")
    if query.since is None and query.cursor is None:
        return query
    if query.page != 1:
        raise RejectedError("a cursor or since says where to begin; leave page out")
    return replace(query, is_counted=False)  # the first page has told it


def _token(value: Json, name: str) -> str | None:
    if value is None or value == "":
        return None
    if not isinstance(value, str):
        raise RejectedError(f"{name} must be the text that an earlier answer gave")
    return value


def _choice(value: Json, name: str, choices: tuple[str, str]) -> str:
    """The first is the default."""
    if value is None:
        return choices[0]
    if value not in choices:
        raise RejectedError(f"{name} must be {' or '.join(choices)}")
    return str(value)


def _unknown(body: Mapping[str, Json]) -> tuple[str, ...]:
    """A misspelt field would otherwise answer another question without a word."""
    warnings = []
    for name in body:
        if name not in _FIELDS and name not in _PASSED_OVER:
            near = get_close_matches(name[:64], _FIELDS, n=1)
            remedy = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(_FIELDS)}"
            warnings.append(f"the field {name[:64]!r} was passed over; {remedy}")
        if len(warnings) == _MOST_WARNINGS:
            break
    return tuple(warnings)


def with_run(query: EventQuery, run: Json) -> EventQuery:
    """Only events of an evaluation run: ``evaluation_id`` is ``metadata.run_id``."""
    if run is None or run == "":
        return query
    if not isinstance(run, str):
        raise RejectedError("evaluation_id must be the text id of a run")
    condition = Filter("metadata.run_id", "is", "string", run)
    return replace(query, filters=(*query.filters, condition))


def parse_range(raw: Json, *, now_ms: Callable[[], int], name: str = "dateRange") -> Range:
    """``{"$gte", "$lte"}``, ``{"gte", "lte"}``, ``{"start_time", "end_time"}`` (ISO 8601 or
    milliseconds) or ``{"relative": "7d"}``; also as JSON or Python text, as query strings have it.
    """
    value = literal(raw, name)
    if value is None or value == {}:
        return Range()
    if isinstance(value, str):
        value = {"relative": value}
    if not isinstance(value, Mapping):
        raise RejectedError(f'{name} must be an object such as {{"$gte": …, "$lte": …}}')
    if value.get("relative") is not None:
        return _relative(value["relative"], now_ms(), name)
    unknown = [key for key in value if key not in (*_LOWER, *_UPPER, "relative")]
    if unknown:
        raise RejectedError(f"{name} knows $gte, $lte, start_time, end_time and relative only")
    return Range(_bound(value, _LOWER, name), _bound(value, _UPPER, name))


def literal(raw: Json, name: str) -> Json:
    """Text of a query string read as JSON or as a Python literal (contract A2); others as is."""
    if not isinstance(raw, str) or not raw.strip().startswith(("{", "[")):
        return raw
    if len(raw) > _MAX_LITERAL:
        raise RejectedError(f"{name} is longer than {_MAX_LITERAL} characters")
    try:
        return orjson.loads(raw)
    except orjson.JSONDecodeError:
        pass
    try:
        # sets, bytes, complex and huge numbers are Python's, but nobody's filter
        return orjson.loads(orjson.dumps(ast.literal_eval(raw.strip())))
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        raise RejectedError(f"{name} is neither JSON nor a Python literal") from None


def _relative(value: Json, now: int, name: str) -> Range:
    found = _RELATIVE.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise RejectedError(f'{name}.relative must look like "30m", "24h", "7d", "2w" or "1mo"')
    return Range(float(now - int(found[1]) * _UNIT_MS[found[2]]), None)


def _bound(value: Mapping[str, Json], names: tuple[str, ...], name: str) -> float | None:
    for key in names:
        if value.get(key) is not None:
            moment = milliseconds(value[key])
            if moment is None:
                raise RejectedError(f"{name}.{key} must be ISO 8601 or Unix milliseconds")
            return max(-_MAX_MS, min(_MAX_MS, moment))
    return None


def count_of(value: Json, name: str, default: int, highest: int) -> int:
    """A whole number; clients send floats and text too."""
    if value is None:
        return default
    number = number_of(value)
    if number is None or number != int(number) or not 1 <= number <= highest:
        remedy = "; ask for more pages" if name == "limit" else ""
        raise RejectedError(f"{name} must be a whole number from 1 to {highest}{remedy}")
    return int(number)


def _projections(value: Json) -> tuple[str, ...]:
    value = literal(value, "projections")
    if value is None:
        return ()
    if not isinstance(value, list):
        raise RejectedError("projections must be a list of dotted paths")
    if len(value) > MAX_PROJECTIONS:
        raise RejectedError(f"projections has more than {MAX_PROJECTIONS} entries; ask for fewer")
    return tuple(parse_path(path, f"projections[{index}]") for index, path in enumerate(value))
