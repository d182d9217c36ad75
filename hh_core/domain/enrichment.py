"""What follows from an event's own values: sums of tokens, cost in exact dollars, REST facts."""

from decimal import Decimal
from typing import cast

from hh_core.domain.event import Event, Facts, Json
from hh_core.domain.filters import number_of
from hh_core.domain.paths import index, put
from hh_core.domain.telemetry import EVENT_TYPES, MAX_COST, MAX_COUNT, USAGE_KINDS
from hh_core.domain.tokens import KINDS, normalised

INDEXED = ("config", "metadata", "metrics", "feedback", "user_properties")
"""The buckets whose scalars the index holds, unless it counts some as ``truncated``."""

OTHER_ERROR = "_OTHER"
"""The class of an error that does not name one, as in OpenTelemetry's ``error.type``."""

_SMALLEST = Decimal("1e-12")
_NS = 1_000_000
_LONGEST_NS = (1 << 63) - 1


def assumed_type(*, is_root: bool) -> str:
    """The type of a span that nothing tells: what a trace begins with holds others. It depends on
    nothing but the span, so it is the same in whatever order and company spans arrive."""
    return "chain" if is_root else "tool"


def complete_usage(facts: Facts) -> None:
    """Known kinds and sane counts only, in their one meaning (``hh_core.domain.tokens``), with
    their total. Only model events count tokens: chains repeat those of their children."""
    told = {kind: c for kind, c in facts.usage.items() if kind in KINDS and 0 <= c <= MAX_COUNT}
    usage, corrected = normalised(told)
    for kind in [kind for kind in usage if kind not in told]:
        put(facts.attributes, f"metadata.{kind}", usage[kind])
    for kind in ("total_tokens", *(correction.kind for correction in corrected)):
        if kind in told and usage[kind] != told[kind]:
            _correct(facts.attributes, kind, usage[kind])
    counted = {kind: count for kind, count in usage.items() if kind in USAGE_KINDS}
    facts.usage = counted if facts.event_type == "model" else {}


def _correct(attributes: dict[str, Json], kind: str, count: int) -> None:
    """Show the normal count where the told one stood, and that under ``told_<kind>``."""
    path = f"metadata.{kind}"
    if path in attributes:
        put(attributes, f"metadata.told_{kind}", attributes[path])
    attributes[path] = count


def dollars(value: Json) -> Decimal | None:
    """A cost as exact US dollars, to 12 digits after the point; None for what is none."""
    if type(value) is not float and type(value) is not int:
        return None
    return Decimal(repr(value)).quantize(_SMALLEST) if abs(value) < MAX_COST else None


def nanoseconds(milliseconds: Json) -> int | None:
    """A time or duration of the public API inside: None for what is none or does not fit."""
    number = number_of(milliseconds)
    if number is None or not 0 <= number < _LONGEST_NS / _NS:
        return None
    return int(milliseconds) * _NS if isinstance(milliseconds, int) else round(number * _NS)


def rest_facts(event: Event) -> Facts:
    """What the index keeps of an event that came over REST (contract C1), within its bounds."""
    facts = Facts(event_type="tool", event_name=_text(event.get("event_name")))
    if event.get("event_type") in EVENT_TYPES:
        facts.event_type = str(event["event_type"])
    facts.session_id = _text(event.get("session_id"))
    facts.duration_ns = nanoseconds(event.get("duration"))
    for bucket in INDEXED:
        value = event.get(bucket)
        if isinstance(value, dict):
            facts.attributes |= {f"{bucket}.{key}": item for key, item in value.items()}
    if event.get("source"):
        facts.attributes["source"] = _text(event["source"])
    _tell(facts)
    if event.get("error") not in (None, ""):
        facts.error_class = _text(facts.attributes.get("metadata.error_type")) or OTHER_ERROR
    facts.attributes, facts.truncated = index(facts.attributes)
    return facts


def _tell(facts: Facts) -> None:
    """Model, provider, tokens and cost stand in the buckets of a REST event."""
    get = facts.attributes.get
    facts.model = _text(get("config.model"))
    facts.provider = _text(get("config.provider"))
    facts.usage = {
        kind: cast(int, get(f"metadata.{kind}"))
        for kind in sorted(KINDS)
        if type(get(f"metadata.{kind}")) is int
    }
    if facts.usage:
        complete_usage(facts)
    if facts.event_type != "chain":
        facts.cost = dollars(get("metadata.cost"))


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
