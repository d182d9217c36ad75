"""Judgment (``judgeval``): ``judgment.*``, what went in and what came out as one JSON each.

https://docs.judgmentlabs.ai/documentation/tracing/introduction. Cached tokens stand beside the
others.
"""

from hh_mappers.reading import identifier, integer, name, number, text
from hh_mappers.routes import LARGE, Route, Routes, tokens
from hh_mappers.whole import EMBEDDING, Whole

_PREFIX = "judgment."
_USAGE = _PREFIX + "usage."
_KINDS = {
    "llm": "model",
    "embedding": EMBEDDING,
    **dict.fromkeys(("tool", "retriever", "guardrail", "evaluator"), "tool"),
    **dict.fromkeys(("span", "agent", "task", "chain", "workflow"), "chain"),
}
_GIVEN = (_PREFIX + "input", _PREFIX + "llm.prompt")
_GAVE = (_PREFIX + "output", _PREFIX + "llm.completion")

_ROUTES = Routes(
    {
        _PREFIX + "session_id": Route(identifier, fact="session_id"),
        _PREFIX + "customer_id": Route(identifier, "user_properties.user_id"),
        _PREFIX + "llm.model": Route(text, "config.model", fact="model"),
        _PREFIX + "llm.provider": Route(name, "config.provider", fact="provider"),
        _USAGE + "non_cached_input_tokens": tokens("uncached_prompt_tokens", integer),
        _USAGE + "cache_read_input_tokens": tokens("cache_read_tokens", integer),
        _USAGE + "cache_creation_input_tokens": tokens("cache_write_tokens", integer),
        _USAGE + "output_tokens": tokens("completion_tokens", integer),
        _USAGE + "reasoning_tokens": tokens("reasoning_tokens", integer),
        _USAGE + "total_cost_usd": Route(number, "metadata.cost"),
        **dict.fromkeys((*_GIVEN, *_GAVE), LARGE),
    },
    {},
)


class Judgment(Whole):
    name = "judgment"
    rank = 38
    kind = _PREFIX + "span_kind"
    kinds = _KINDS
    marks = frozenset({kind, *_GIVEN, *_GAVE, _PREFIX + "llm.model"})
    routes = _ROUTES
    inputs = _GIVEN
    outputs = _GAVE
