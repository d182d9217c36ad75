"""Token counts have one meaning, whoever counted them."""

from typing import Any

import pytest

from hh_core.domain.mapping import Mapping
from hh_core.domain.span import Origin, Span
from hh_core.domain.telemetry import MAX_COUNT
from hh_core.domain.tokens import normalised
from hh_mappers import hh_mappers

MAPPING = Mapping([*hh_mappers()])


def usage(**counts: int) -> dict[str, int]:
    """With the parts' short names written out."""
    return {f"{kind}_tokens": count for kind, count in counts.items()}


def span(**attributes: Any) -> Span:
    named = {key.replace("__", "."): value for key, value in attributes.items()}
    return Span(b"t" * 16, b"s" * 8, b"", "call", 3, 1, 2, named, 0, "", Origin({}))


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        (usage(prompt=10, completion=4), usage(prompt=10, completion=4, total=14)),
        (usage(prompt=10), usage(prompt=10, total=10)),
        # inclusive, as OpenAI counts: the parts change nothing
        (
            usage(prompt=100, completion=50, total=150, cache_read=64, reasoning=32),
            usage(prompt=100, completion=50, total=150, cache_read=64, reasoning=32),
        ),
        # no total, and the part fits: OpenTelemetry's convention includes it
        (
            usage(prompt=100, completion=50, cache_read=64),
            usage(prompt=100, completion=50, cache_read=64, total=150),
        ),
        # Anthropic's wire beside its sum
        (
            usage(prompt=20, completion=5, cache_read=7, cache_write=3, total=35),
            usage(prompt=30, completion=5, cache_read=7, cache_write=3, total=35),
        ),
        # Anthropic's wire without a sum: more cached than read is impossible
        (
            usage(prompt=20, completion=5, cache_read=5000),
            usage(prompt=5020, completion=5, cache_read=5000, total=5025),
        ),
        (
            usage(prompt=20, completion=5, cache_read=5000, total=25),
            usage(prompt=5020, completion=5, cache_read=5000, total=5025),
        ),
        # Gemini's wire: thoughts and the tokens of its own tools stand beside
        (
            usage(prompt=10, completion=4, reasoning=90, total=104),
            usage(prompt=10, completion=94, reasoning=90, total=104),
        ),
        (
            usage(prompt=10, completion=4, reasoning=90, tool=6, total=110),
            usage(prompt=16, completion=94, reasoning=90, tool=6, total=110),
        ),
        # counts whose names say what they leave out
        (
            usage(uncached_prompt=20, cache_read=7, cache_write=3, completion=5),
            usage(
                uncached_prompt=20, cache_read=7, cache_write=3, completion=5, prompt=30, total=35
            ),
        ),
        (
            usage(uncached_prompt=20, cache_write_5m=3, cache_write_1h=4, visible_completion=5),
            usage(
                uncached_prompt=20,
                cache_write_5m=3,
                cache_write_1h=4,
                visible_completion=5,
                cache_write=7,
                prompt=27,
                completion=5,
                total=32,
            ),
        ),
        # a surplus that nothing explains stays what was told
        (
            usage(prompt=10, completion=4, cache_read=2, total=99),
            usage(prompt=10, completion=4, cache_read=2, total=99),
        ),
        (
            usage(prompt=MAX_COUNT, completion=9),
            usage(prompt=MAX_COUNT, completion=9, total=MAX_COUNT),
        ),
        ({}, {}),
    ],
)
def test_every_way_of_counting_comes_to_one_meaning(
    told: dict[str, int], expected: dict[str, int]
) -> None:
    assert normalised(told)[0] == expected


def test_a_corrected_count_stands_beside_what_was_told() -> None:
    found = span(
        gen_ai__operation__name="chat",
        gen_ai__usage__input_tokens=20,
        gen_ai__usage__output_tokens=5,
        gen_ai__usage__cache_read_input_tokens=5000,
    )

    facts, event = MAPPING.facts(found), MAPPING.event(found)

    assert facts.usage["prompt_tokens"] == event.metadata["prompt_tokens"] == 5020
    assert facts.usage["total_tokens"] == event.metadata["total_tokens"] == 5025
    assert event.metadata["told_prompt_tokens"] == 20


def test_what_was_added_is_named_with_the_reason() -> None:
    _, by_total = normalised(usage(prompt=20, completion=5, cache_read=7, cache_write=3, total=35))
    _, impossible = normalised(usage(prompt=20, completion=5, reasoning=60))

    assert [tuple(one) for one in by_total] == [
        ("prompt_tokens", 20, 30, ("cache_read_tokens", "cache_write_tokens"), "total")
    ]
    assert [tuple(one) for one in impossible] == [
        ("completion_tokens", 5, 65, ("reasoning_tokens",), "impossible")
    ]


def test_helper_counts_are_shown_and_not_summed() -> None:
    facts = MAPPING.facts(
        span(
            honeyhive_event_type="model",
            **{
                "honeyhive_metadata.uncached_prompt_tokens": 20,
                "honeyhive_metadata.cache_read_tokens": 7,
            },
        )
    )

    assert facts.usage == usage(prompt=27, total=27, cache_read=7)
    assert facts.attributes["metadata.uncached_prompt_tokens"] == 20
