"""What a usage costs by one entry, and which entry a call is charged by."""

from decimal import Decimal

import pytest

from hh_core.domain.costing import COST, TOLD_COST, price
from hh_core.domain.enrichment import rest_facts
from hh_core.domain.price_book import DAY_NS, Override, PriceBook, rate_at, tier_of
from hh_core.domain.prices import Entry, Rate, bill
from hh_core.errors import ConfigError, RejectedError
from hh_core.wire.price_lines import day_of, price_book, price_lines, prices_of
from hh_data.config import PricesConfig
from hh_data.price_rules import configured_book

PROJECT, OTHER = b"p" * 16, b"o" * 16
DAY = day_of("2026-11-15") or 0
CLAUDE = Entry(
    "anthropic",
    "claude",
    prices_of(
        {
            "prompt": "3",
            "cache_read": "0.3",
            "cache_write": "3.75",
            "cache_write_1h": "6",
            "completion": "15",
            "prompt/batch": "1.5",
            "prompt>200000": "6",
            "completion>200000": "22.5",
        },
        by_million=True,
    ),
    "test",
)


def usd(entry: Entry, tier: str = "", **usage: int) -> Decimal | None:
    return bill(usage, entry, tier).dollars


def model_of(provider: str, model: str, day: int = DAY) -> tuple[str, str] | None:
    rate = rate_at(price_book().rates(PROJECT, provider, model, ""), day * DAY_NS)
    return (rate.entry.provider, rate.entry.model) if rate is not None else None


def test_cached_tokens_are_charged_once_and_at_their_own_price() -> None:
    found = usd(
        CLAUDE,
        prompt_tokens=1000,
        cache_read_tokens=600,
        cache_write_tokens=300,
        cache_write_1h_tokens=100,
        completion_tokens=10,
    )

    assert found == Decimal(100 * 3 + 10 * 15 + 200 * Decimal("3.75") + 100 * 6 + 180) / 10**6


def test_a_part_without_a_price_of_its_own_costs_what_its_whole_costs() -> None:
    plain = Entry("x", "y", prices_of({"prompt": "2", "completion": "4"}, by_million=True), "test")

    found = bill({"prompt_tokens": 10, "cache_read_tokens": 4, "completion_tokens": 1}, plain)

    assert found.dollars == Decimal("0.000024")
    assert [(c.portion.unit, c.of.unit) for c in found.charges] == [
        ("cache_read", "prompt"),
        ("prompt", "prompt"),
        ("completion", "completion"),
    ]


def test_a_step_holds_for_all_tokens_of_a_call_above_it_and_not_at_it() -> None:
    at = usd(CLAUDE, prompt_tokens=200_000, completion_tokens=1000)
    above = usd(CLAUDE, prompt_tokens=200_001, completion_tokens=1000)

    assert at == Decimal("0.615")
    assert above == Decimal("1.222506")


def test_a_tier_without_a_price_costs_what_the_standard_one_costs() -> None:
    assert usd(CLAUDE, "batch", prompt_tokens=100, completion_tokens=100) == Decimal("0.00165")
    assert [tier_of(t) for t in ("Batch", "priority", "default", "auto", "", None, 7)] == [
        "batch",
        "priority",
        *[""] * 5,
    ]


@pytest.mark.parametrize(
    ("prices", "usage", "reason"),
    [
        ({"prompt": "1"}, {"prompt_tokens": 1, "completion_tokens": 1}, "no price for completion"),
        ({"prompt": "1", "completion": "1"}, {}, "tells no usage"),
        ({"prompt": "0", "search_units": "0.002"}, {"prompt_tokens": 5}, "charged by search_units"),
        ({"images": "0.04"}, {"total_tokens": 5}, "nothing that the event counts has a price"),
    ],
)
def test_what_is_not_known_has_no_cost_and_says_why(
    prices: dict[str, str], usage: dict[str, int], reason: str
) -> None:
    found = bill(usage, Entry("x", "y", prices_of(prices), "test"))

    assert found.dollars is None
    assert reason in found.unknown


def test_units_that_are_no_tokens_are_charged_by_one() -> None:
    rerank = Entry("x", "y", prices_of({"prompt": "0", "search_units": "0.002"}), "test")
    speech = Entry("x", "y", prices_of({"prompt_characters": "0.000015"}), "test")
    either = Entry("x", "y", prices_of({"prompt": "0.1", "audio_seconds": "9"}), "test")
    fee = Entry("x", "y", prices_of({"prompt": "0.1", "completion": "0", "request": "1"}), "test")

    assert usd(rerank, search_units=3) == Decimal("0.006")
    assert usd(speech, prompt_characters=1000) == Decimal("0.015")
    assert usd(either, prompt_tokens=2, audio_seconds=60) == Decimal("0.2")
    assert usd(fee, prompt_tokens=2) == Decimal("1.2")


def test_a_free_model_costs_nothing_and_an_unknown_one_is_unknown() -> None:
    rates = price_book().rates(PROJECT, "ollama", "llama3", "")

    assert rates[0].bill({"prompt_tokens": 5, "completion_tokens": 5}).dollars == 0
    assert price_book().rates(PROJECT, "openai", "no-such-model", "") == ()
    assert price_book().rates(PROJECT, "openai", "", "") == ()


@pytest.mark.parametrize(
    ("provider", "model", "expected"),
    [
        ("openai", "gpt-4o", ("openai", "gpt-4o")),
        ("OpenAI", "GPT-4o", ("openai", "gpt-4o")),
        ("openai.responses", "gpt-4o", ("openai", "gpt-4o")),
        ("openai", "gpt-4o-2031-01-01", ("openai", "gpt-4o")),
        ("openai", "ft:gpt-4o-mini-2024-07-18:acme::1", ("openai", "ft:gpt-4o-mini-2024-07-18")),
        ("openai", "openai/gpt-4o-mini", ("openai", "gpt-4o-mini")),
        ("openai", "azure/gpt-4o", ("azure", "gpt-4o")),
        ("openai", "deepseek-chat", ("deepseek", "deepseek-chat")),
        ("azure.ai.openai", "gpt-4o", ("azure", "gpt-4o")),
        ("gcp.gemini", "models/gemini-2.5-pro", ("gemini", "gemini-2.5-pro")),
        ("google", "gemini-2.5-flash-001", ("gemini", "gemini-2.5-flash")),
        (
            "gcp.vertex_ai",
            "projects/a/locations/b/publishers/google/models/gemini-2.5-pro",
            ("vertex_ai", "gemini-2.5-pro"),
        ),
        (
            "gcp.vertex_ai",
            "claude-sonnet-4-5@20250929",
            ("vertex_ai", "claude-sonnet-4-5@20250929"),
        ),
        (
            "aws_bedrock",
            "claude-3-5-sonnet-20240620-v1:0",
            ("bedrock", "anthropic.claude-3-5-sonnet-20240620-v1:0"),
        ),
        ("aws.bedrock", "jp.amazon.nova-micro-v1:0", ("bedrock", "amazon.nova-micro-v1:0")),
        ("strands-agents", "gpt-4o-mini", ("openai", "gpt-4o-mini")),
        ("", "claude-opus-4-5", ("anthropic", "claude-opus-4-5")),
        ("", "llama-3.3-70b-versatile", None),  # many sell it
        ("some-reseller", "openai/gpt-4o", None),
        ("anthropic", "gpt-4o", None),
        ("", "x" * 100_000, None),
    ],
)
def test_a_model_is_found_under_the_names_that_spans_give_it(
    provider: str, model: str, expected: tuple[str, str] | None
) -> None:
    assert model_of(provider, model) == expected


def test_a_price_holds_from_its_first_day_to_the_day_before_its_last() -> None:
    def price(day: str) -> Decimal | None:
        rate = rate_at(price_book().rates(PROJECT, "openai", "o3", ""), (day_of(day) or 0) * DAY_NS)
        assert rate is not None
        return rate.bill({"prompt_tokens": 10**6}).dollars

    assert price("2025-06-09") == 10
    assert price("2025-06-10") == 2


def test_an_override_goes_before_the_book_for_its_project_and_its_days() -> None:
    entry = Entry("*", "gpt-*", prices_of({"prompt": "7", "completion": "7"}), "own", since=DAY)
    mine = Override(lambda provider, model: model.startswith("gpt-"), entry, PROJECT)
    lines = price_lines()
    book = PriceBook(lines, lines.sellers, version="v", overrides=[mine])

    def origin(project: bytes, day: int) -> str | None:
        rate: Rate | None = rate_at(book.rates(project, "openai", "gpt-4o", ""), day * DAY_NS)
        return rate.entry.origin if rate is not None else None

    assert origin(PROJECT, DAY) == "own"
    assert origin(PROJECT, DAY - 1) == "litellm 1.109.1"
    assert origin(OTHER, DAY) == "litellm 1.109.1"


@pytest.mark.parametrize(
    "wrong",
    [
        *({"prompts": 1}, {"prompt/fast": 1}, {"prompt>x": 1}, {"prompt": "-1"}),
        *({"prompt": "NaN"}, {"prompt": "a"}, {"prompt": "1e9"}, {"prompt": None}),
    ],
)
def test_prices_that_do_not_read_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(RejectedError):
        prices_of(wrong)


def test_every_line_of_the_book_reads() -> None:
    lines = price_lines()

    entries = [entry for seller, name in lines.lines for entry in lines(seller, name)]

    assert len(entries) > 4000
    assert all(entry.prices for entry in entries)


def test_a_configuration_overrides_prices_by_patterns() -> None:
    told = PricesConfig.model_validate(
        {
            "overrides": [
                {"provider": "acme.*", "model": "llama-[0-9]+b", "prices": {"prompt": "0.5"}},
                {"model": "(a+)+b", "prices": {"request": 2}, "since": "2026-01-01"},
            ]
        }
    )
    book = configured_book(told)

    (found,) = book.entries(PROJECT, "Acme-EU", "LLAMA-70B")
    assert found.entry.prices == prices_of({"prompt": "0.0000005"})
    assert book.entries(PROJECT, "acme", "llama-70b-x") == ()
    assert book.entries(PROJECT, "x", "a" * 300) == ()  # in time, whatever a pattern says
    assert book.version.startswith(price_book().version + "+")


@pytest.mark.parametrize(
    "wrong",
    [
        {"model": "(", "prices": {"prompt": 1}},
        {"model": "(?=a)", "prices": {"prompt": 1}},
        {"model": "a", "prices": {"tokens": 1}},
    ],
)
def test_a_configuration_that_does_not_read_names_the_override(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=r"prices\.overrides\[0\]"):
        configured_book(PricesConfig.model_validate({"overrides": [wrong]}))


def test_a_told_cost_for_which_the_index_has_no_room_is_replaced_like_any_other() -> None:
    more = {f"path_{number}": number for number in range(100)}
    counts = {"prompt_tokens": 1_000, "completion_tokens": 100, "cost": 0}
    event = {
        "event_type": "model",
        "config": {"provider": "openai", "model": "gpt-4.1-mini"},
        "metadata": more | counts,
    }
    facts = rest_facts(event)
    assert COST not in facts.attributes, "or this proves nothing"

    price(price_book(), PROJECT, facts, 20_400 * DAY_NS)

    assert facts.cost == Decimal("0.00056")
    assert facts.attributes[TOLD_COST] == 0
