"""Terms: an attribute and its value as one number, kept beside ``attributes`` (migration 0012).

Values that may be numbers have none: they are compared as numbers, and nobody looks for a price by
its text. Two pairs that share a term would answer for each other; SipHash has 64 bits, so that
among a billion pairs one in 18 billion questions meets another one.
"""

from hh_clickhouse.parameters import Parameters

_OF_NUMBERS = frozenset("0123456789.+-eE")
"""Characters of which a value has others too if it has a term; the migration says the same."""


def has_term(key: str, value: str, parameters: Parameters) -> str | None:
    """The condition that a row of the data plane's ``events`` has ``value`` at ``key``; None where
    only ``attributes`` can tell."""
    if _OF_NUMBERS.issuperset(value):
        return None
    pair = ", ".join(parameters.add(text, "String") for text in (key, value))
    return f"has(terms, sipHash64({pair}))"
