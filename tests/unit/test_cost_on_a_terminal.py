"""``hh cost`` shows all that the API tells of a cost."""

import pytest

from hh_cli import cost

DERIVED = {
    "usd": "0.0066",
    "why": "by the price book",
    "told_usd": "0.1",
    "computed_usd": "0.0066",
    "provider": "openai",
    "model": "gpt-\x1b[31m",
    "tier": "priority",
    "day": "2026-11-15",
    "usage": [
        {
            "kind": "prompt_tokens",
            "count": 1000,
            "told": 1000,
            "found_in": "llm.token_count.prompt",
            "mapper": "openinference",
            "how": "as told",
        }
    ],
    "charges": [
        {
            "unit": "cache_read",
            "amount": 1000,
            "price_of": "prompt",
            "tier": "priority",
            "above": 200_000,
            "price_usd": "0.0000066",
            "usd": "0.0066",
        }
    ],
    "price_book": "litellm-1",
    "entry": {
        "provider": "openai",
        "model": "gpt",
        "matched": "without its date",
        "origin": "litellm 1",
        "source": "https://example.org",
        "since": "2026-01-01",
        "until": None,
    },
}


def test_counts_prices_sum_and_entry_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    cost.print_cost(DERIVED)

    shown = capsys.readouterr().out
    for part in (
        "$0.0066 by the price book",
        "priority tier, on 2026-11-15",
        "the span tells: $0.1",
        "llm.token_count.prompt",
        "cache_read (as prompt), priority, above 200,000",
        "openai gpt (without its date), from litellm 1, since 2026-01-01",
    ):
        assert part in shown
    assert "\x1b[31m" not in shown


def test_an_unknown_cost_says_why(capsys: pytest.CaptureFixture[str]) -> None:
    nothing = {"usd": None, "why": "no such model", "told_usd": None, "computed_usd": None}
    cost.print_cost(DERIVED | nothing | {"usage": [], "charges": [], "entry": None})

    assert capsys.readouterr().out.startswith("unknown no such model")
