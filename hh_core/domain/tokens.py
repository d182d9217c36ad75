"""One meaning of token counts, whatever a provider or an instrumentor counts (``docs/tokens.md``).

``prompt_tokens`` is all that a model read for a call, from a cache or not, in any modality;
``completion_tokens`` all that it made, its reasoning included; ``total_tokens`` is both. Every
other kind is a part of one of these. Some count otherwise: they leave out of the prompt what was
read from or written to a cache, or out of the answer what was reasoned. Only what a span says
decides which it does, in this order: the name of the count, the total, and what is impossible.
"""

from collections.abc import Mapping
from typing import NamedTuple

from hh_core.domain.telemetry import MAX_COUNT, USAGE_KINDS

PROMPT, COMPLETION, TOTAL = "prompt_tokens", "completion_tokens", "total_tokens"
READ, WRITE, REASONING = "cache_read_tokens", "cache_write_tokens", "reasoning_tokens"
TOOL = "tool_tokens"
UNCACHED = "uncached_prompt_tokens"
VISIBLE = "visible_completion_tokens"

TOLD_KINDS = frozenset({UNCACHED, VISIBLE})
"""Counts that a mapper may tell instead of those that leave nothing out: their names say what they
leave out. The index does not count them."""

KINDS = USAGE_KINDS | TOLD_KINDS


class Sum(NamedTuple):
    """A kind that is the sum of its parts, where nothing tells it but some of ``needs``."""

    kind: str
    needs: frozenset[str]
    parts: tuple[str, ...]


SUMS = (
    Sum(
        WRITE,
        frozenset({"cache_write_5m_tokens", "cache_write_1h_tokens"}),
        ("cache_write_5m_tokens", "cache_write_1h_tokens"),
    ),
    Sum(PROMPT, frozenset({UNCACHED}), (UNCACHED, READ, WRITE)),
    Sum(COMPLETION, frozenset({VISIBLE}), (VISIBLE, REASONING)),
    Sum(TOTAL, frozenset({PROMPT, COMPLETION}), (PROMPT, COMPLETION)),
)
"""In this order: later ones sum what earlier ones made."""


class LeftOut(NamedTuple):
    """Parts that somebody may have left out of a count."""

    parts: tuple[str, ...]
    of: str


_CACHE = LeftOut((READ, WRITE), PROMPT)
_THOUGHTS = LeftOut((REASONING,), COMPLETION)
_ASIDE = LeftOut((TOOL,), PROMPT)

BY_TOTAL: tuple[tuple[LeftOut, ...], ...] = (
    (_CACHE,),
    (LeftOut((READ,), PROMPT),),
    (LeftOut((WRITE,), PROMPT),),
    (_THOUGHTS,),
    (_CACHE, _THOUGHTS),
    (_ASIDE,),
    (_ASIDE, _THOUGHTS),
    (_CACHE, _ASIDE),
    (_CACHE, _ASIDE, _THOUGHTS),
)
"""What explains a total above prompt and completion, the likeliest first: Anthropic's cached tokens
stand beside its ``input_tokens``, Gemini's thoughts and its own tools' tokens beside its counts."""

IMPOSSIBLE = (_CACHE, _THOUGHTS)
"""More parts than the whole: they are beside it."""

TELLING = frozenset({READ, WRITE, REASONING, TOOL})
"""Without any of these nothing can have been left out."""


class Correction(NamedTuple):
    """What was added to a count, and why."""

    kind: str
    told: int
    normal: int
    added: tuple[str, ...]
    reason: str
    """``total``: the total includes them; ``impossible``: they are more than the whole."""


def summed(usage: dict[str, int]) -> None:
    """Add the kinds that follow from their parts; ``usage`` holds sane counts of ``KINDS``."""
    for kind, needs, parts in SUMS:
        if kind not in usage and not needs.isdisjoint(usage):
            usage[kind] = min(sum(usage.get(part, 0) for part in parts), MAX_COUNT)


def corrections(usage: Mapping[str, int]) -> tuple[Correction, ...]:
    """What was left out of the counts of a usage with all its sums. Nearly always nothing."""
    whole = {PROMPT: usage.get(PROMPT, 0), COMPLETION: usage.get(COMPLETION, 0)}
    surplus = usage.get(TOTAL, 0) - whole[PROMPT] - whole[COMPLETION]
    matching = (some for some in BY_TOTAL if surplus > 0 and _count(some, usage) == surplus)
    by_total = next(matching, ())
    corrected = {one.of for one in by_total}
    beyond = [
        one
        for one in IMPOSSIBLE
        if one.of not in corrected and _count((one,), usage) > whole[one.of]
    ]
    made: dict[str, list[str]] = {}
    for one in (*by_total, *beyond):
        made.setdefault(one.of, []).extend(part for part in one.parts if usage.get(part))
    return tuple(
        Correction(
            kind,
            whole[kind],
            min(whole[kind] + sum(usage[part] for part in parts), MAX_COUNT),
            tuple(parts),
            "total" if kind in corrected else "impossible",
        )
        for kind, parts in made.items()
    )


def normalised(usage: Mapping[str, int]) -> tuple[dict[str, int], tuple[Correction, ...]]:
    """``usage``, as it was told, in the one meaning; and what that changed of the told counts."""
    whole = dict(usage)
    summed(whole)
    if TELLING.isdisjoint(whole):
        return whole, ()
    made = corrections(whole)
    for correction in made:
        whole[correction.kind] = correction.normal
    if made:
        least = whole.get(PROMPT, 0) + whole.get(COMPLETION, 0)
        whole[TOTAL] = min(max(whole.get(TOTAL, 0), least), MAX_COUNT)
    return whole, made


def _count(some: tuple[LeftOut, ...], usage: Mapping[str, int]) -> int:
    return sum(usage.get(part, 0) for one in some for part in one.parts)
