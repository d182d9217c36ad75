"""What clients ask about a list beside its page: a histogram, and values for completion."""

from collections.abc import Callable, Mapping

from hh_core.domain.event import Json
from hh_core.domain.field_path import parse_path
from hh_core.errors import RejectedError
from hh_core.usecases.field_values import MAX_VALUES, ValuesQuestion
from hh_core.usecases.histogram import MAX_BUCKETS
from hh_core.usecases.search import EventQuery, count_of, parse_query

DEFAULT_BUCKETS = 60
_MAX_TYPED = 256
_SHARED = ("filters", "dateRange", "evaluation_id")


def parse_histogram(body: Json, *, now_ms: Callable[[], int]) -> tuple[EventQuery, int]:
    """The filters and range, and how many buckets there may be."""
    query = _query(body, now_ms)
    return query, count_of(body.get("buckets"), "buckets", DEFAULT_BUCKETS, MAX_BUCKETS)


def parse_values(body: Json, *, now_ms: Callable[[], int]) -> ValuesQuestion:
    query = _query(body, now_ms)
    return ValuesQuestion(
        parse_path(body.get("field"), "field"),
        query,
        prefix=_typed(body.get("prefix"), "prefix"),
        contains=_typed(body.get("contains"), "contains"),
        limit=count_of(body.get("limit"), "limit", MAX_VALUES, MAX_VALUES),
    )


def _query(body: Json, now_ms: Callable[[], int]) -> EventQuery:
    if not isinstance(body, Mapping):
        raise RejectedError("the body must be a JSON object")
    shared = {name: body[name] for name in _SHARED if name in body}
    return parse_query(shared, max_limit=1, now_ms=now_ms)


def _typed(value: Json, name: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or len(value) > _MAX_TYPED:
        raise RejectedError(f"{name} must be a text of at most {_MAX_TYPED} characters")
    return value
