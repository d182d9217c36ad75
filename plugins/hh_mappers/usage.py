"""Token counts and costs that exist only inside a JSON attribute, by the index's own names.

Each reader makes a flat object of token kinds for ``hh_core.domain.rules.Document``. Counts are
told as the exporter tells them; what a provider's prompt count includes is decided later, from the
provider (``hh_core.domain.enrichment``).
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from json import JSONDecoder
from typing import Any

from hh_core.domain.event import Facts, Json
from hh_core.domain.paths import put
from hh_core.domain.rules import Document
from hh_core.domain.span import Span
from hh_mappers.literals import structure
from hh_mappers.reading import integer, number, parsed

_DECODER = JSONDecoder()
LONGEST = 1 << 13
"""Characters of a usage object that are read at dispatch; real ones have a few hundred."""

_KINDS = {
    **dict.fromkeys(
        ("prompt_tokens", "input_tokens", "prompt", "input", "promptTokens", "inputTokens"),
        "prompt_tokens",
    ),
    **dict.fromkeys(
        (
            *("completion_tokens", "output_tokens", "completion", "output"),
            *("completionTokens", "outputTokens", "candidates_token_count", "candidatesTokenCount"),
        ),
        "completion_tokens",
    ),
    **dict.fromkeys(("prompt_token_count", "promptTokenCount"), "prompt_tokens"),
    **dict.fromkeys(
        ("total_tokens", "total", "totalTokens", "total_token_count", "totalTokenCount", "tokens"),
        "total_tokens",
    ),
    **dict.fromkeys(
        (
            *("cache_read_input_tokens", "cached_tokens", "cached_input_tokens", "cache_read"),
            *("cachedInputTokens", "cacheReadInputTokens", "cache_read_tokens", "cacheReadTokens"),
            *("input_cached_tokens", "prompt_cached_tokens", "input_cache_read", "cachedTokens"),
            *("cached_content_token_count", "cachedContentTokenCount", "cachedContentTokens"),
        ),
        "cache_read_tokens",
    ),
    **dict.fromkeys(
        (
            *("cache_creation_input_tokens", "cache_write_input_tokens", "cache_write_tokens"),
            *("cacheCreationInputTokens", "cacheWriteInputTokens", "input_cache_creation"),
            *("prompt_cache_creation_tokens", "cache_creation", "cacheWriteTokens"),
        ),
        "cache_write_tokens",
    ),
    **{
        name: f"cache_write_{age}_tokens"
        for age in ("5m", "1h")
        for name in (
            *(f"ephemeral_{age}_input_tokens", f"cache_creation_{age}_input_tokens"),
            *(f"cache_write_{age}_tokens", f"input_cache_creation_{age}", f"cache_write_{age}"),
            f"prompt_cache_creation_{age}_tokens",
        )
    },
    **dict.fromkeys(
        (
            *("reasoning_tokens", "reasoning", "reasoningTokens", "output_reasoning_tokens"),
            *("completion_reasoning_tokens", "output_reasoning", "thoughts_token_count"),
            *("thoughtsTokenCount", "thoughtsTokens"),
        ),
        "reasoning_tokens",
    ),
    **dict.fromkeys(
        ("input_audio_tokens", "prompt_audio_tokens", "input_audio"), "prompt_audio_tokens"
    ),
    **dict.fromkeys(
        ("output_audio_tokens", "completion_audio_tokens", "output_audio"),
        "completion_audio_tokens",
    ),
    "accepted_prediction_tokens": "accepted_prediction_tokens",
    "rejected_prediction_tokens": "rejected_prediction_tokens",
}
_ASKED = ("prompt", "input")
_TOTALS = ("total", "total_cost", "cost")
_MODALITIES = {"audio_tokens": "audio", "audio": "audio", "image_tokens": "image", "image": "image"}


def usage(value: Any) -> Json:
    """Counts by token kind, what is no known count under ``usage_details``; None if there is none.

    ``{"prompt_tokens": 5, "prompt_tokens_details": {"cached_tokens": 3}}`` gives
    ``{"prompt_tokens": 5, "cache_read_tokens": 3}``; Python's ``repr`` is read too.
    """
    found = _object(value)
    if found is None:
        return None
    counts: dict[str, Json] = {}
    rest: dict[str, Json] = {}
    for name, kind, count in _counts(found):
        if count is None or count == {} or count == []:
            continue
        known = integer(count) if kind and type(count) is not bool else None
        if known is None or known < 0 or counts.setdefault(kind, known) != known:
            rest[name] = count
    return (counts | {"usage_details": rest} if rest else counts) if counts else None


def details(side: str, value: Any) -> Json:
    """Counts of one side, which only the attribute's name tells: ``{"cache_read": 3}``."""
    found = _object(value)
    return usage({f"{side}_details": found}) if found else None


def cost(value: Any) -> Json:
    """``cost`` in US dollars, the parts of it under ``cost_details``; None if none is told."""
    found = _object(value)
    if found is None:
        return None
    rest = dict(found)
    total = next((name for name in _TOTALS if number(rest.get(name)) is not None), None)
    parts = [part for part in map(number, rest.values()) if part is not None]
    told = _sum(parts) if total is None else number(rest.pop(total))
    if told is None:
        return None
    return {"cost": told, "cost_details": rest} if rest else {"cost": told}


def count_in(span: Span, facts: Facts, key: str, name: str) -> None:
    """Count what stands under ``name`` in a whole answer, the JSON text of attribute ``key``.

    No more of the text is parsed; that of the answer has its quotes escaped. For conventions which
    tell the counts nowhere else, and place the answer by ``content``.
    """
    value, mark = span.attributes.get(key), f'"{name}":'
    at = value.rfind(mark) + len(mark) if type(value) is str and mark in value else 0
    if type(value) is not str or not at or len(value) - at > LONGEST:
        return
    try:
        found, _ = _DECODER.raw_decode(value, at + (value[at : at + 1] == " "))
    except (ValueError, RecursionError):
        return
    counts = usage(found) if isinstance(found, dict) else None
    for kind, count in counts.items() if isinstance(counts, dict) else ():
        if isinstance(count, int):
            facts.usage.setdefault(kind, count)
        put(facts.attributes, f"metadata.{kind}", count)


def usage_document(key: str, bucket: str = "metadata") -> Document:
    return Document(key, bucket, usage, is_usage=True)


def cost_document(key: str) -> Document:
    return Document(key, "metadata", cost)


def _counts(found: Mapping[str, Json]) -> Iterator[tuple[str, str, Json]]:
    """Each count with its name and its kind; empty: unknown."""
    for name, count in found.items():
        if isinstance(count, Mapping):
            side = "prompt" if name.startswith(_ASKED) else "completion"
            for below, part in count.items():
                modality = _MODALITIES.get(below)
                kind = f"{side}_{modality}_tokens" if modality else _KINDS.get(below, "")
                is_total = kind in ("prompt_tokens", "completion_tokens", "total_tokens")
                yield f"{name}.{below}", "" if is_total else kind, part
        else:
            yield name, _KINDS.get(name, ""), count


def _object(value: Any) -> dict[str, Json] | None:
    """A small object from JSON text or from Python's ``repr``; the index reads it at dispatch."""
    if type(value) is str:
        if len(value) > LONGEST:
            return None
        found = parsed(value)
        if found is None and value.startswith("{'"):
            found = parsed(_as_json(value)) if '"' not in value else None
            found = structure(value) if found is None else found
    else:
        found = structure(value)
    return found if type(found) is dict else None


def _as_json(text: str) -> str:
    """Python's ``repr`` of names and numbers as JSON: many times quicker than to parse Python."""
    for python, json in (("'", '"'), ("None", "null"), ("True", "true"), ("False", "false")):
        text = text.replace(python, json)
    return text


def _sum(parts: list[float]) -> float | None:
    return float(sum(Decimal(repr(part)) for part in parts)) if parts else None
