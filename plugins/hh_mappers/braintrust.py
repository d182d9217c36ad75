"""Braintrust: ``braintrust.*``, each a JSON text, or flattened by dots.

https://www.braintrust.dev/docs/integrations/sdk-integrations/opentelemetry/attributes
"""

from functools import lru_cache, partial

from hh_core.domain.event import Facts, Step
from hh_core.domain.rules import Document, Fallback, Rules
from hh_core.domain.span import Attributes, Keys, Span
from hh_mappers.reading import integer, number, structured, text
from hh_mappers.routes import LARGE, Route, Routes, tokens, under
from hh_mappers.usage import usage_document
from hh_mappers.whole import Whole

_PREFIX = "braintrust."
_TYPE = _PREFIX + "span_attributes.type"
_WHOLE = _PREFIX + "span_attributes"
_LONGEST = 1 << 12
"""Characters of a span's own attributes that are read for its type."""
_REMEMBERED = 256
_KINDS = {
    "llm": "model",
    **dict.fromkeys(("task", "eval", "function", "automation", "preprocessor"), "chain"),
    **dict.fromkeys(("tool", "score", "facet", "review", "classifier"), "tool"),
}
_INPUTS = (_PREFIX + "input_json", _PREFIX + "input")
_OUTPUTS = (_PREFIX + "output_json", _PREFIX + "output")
_METRICS = _PREFIX + "metrics."
_ROUTES = Routes(
    {
        _PREFIX + "metadata.model": Route(text, "config.model", fact="model"),
        _METRICS + "prompt_tokens": tokens("prompt_tokens", integer),
        _METRICS + "completion_tokens": tokens("completion_tokens", integer),
        _METRICS + "tokens": tokens("total_tokens", integer),
        _METRICS + "prompt_cached_tokens": tokens("cache_read_tokens", integer),
        _METRICS + "prompt_cache_creation_tokens": tokens("cache_write_tokens", integer),
        _METRICS + "completion_reasoning_tokens": tokens("reasoning_tokens", integer),
        _METRICS + "cost": Route(number, "metadata.cost"),
        **dict.fromkeys((*_INPUTS, *_OUTPUTS), LARGE),
    },
    {_METRICS: under("metrics", number), _PREFIX + "scores.": under("metrics", number)},
)


class Braintrust(Whole):
    name = "braintrust"
    rank = 31
    kind = _TYPE
    kinds = _KINDS
    marks = frozenset({_TYPE, _WHOLE, *_INPUTS, *_OUTPUTS, _PREFIX + "metrics"})
    routes = _ROUTES
    documents = (
        usage_document(_PREFIX + "metrics"),
        Document(_PREFIX + "scores", "metrics", structured),
        Document(
            _PREFIX + "metadata",
            "metadata",
            structured,
            renamed=(("model", "config.model"), ("provider", "config.provider")),
        ),
    )
    fallbacks = (
        Fallback("model", "model", "config.model", ""),
        Fallback("model", "provider", "config.provider", ""),
    )
    inputs = _INPUTS
    outputs = _OUTPUTS

    def prepare(self, keys: Keys) -> Step | None:
        rules = super().prepare(keys)
        if isinstance(rules, Rules) and _WHOLE in keys:
            return partial(_tell, rules)
        return rules

    def kind_of(self, attributes: Attributes) -> str:
        return _kind(attributes) or super().kind_of(attributes)


def _tell(rules: Rules, span: Span, facts: Facts) -> None:
    facts.event_type = facts.event_type or _kind(span.attributes)
    rules(span, facts)


def _kind(attributes: Attributes) -> str:
    told = attributes.get(_WHOLE)
    return _kind_of(told) if type(told) is str and len(told) <= _LONGEST else ""


@lru_cache(maxsize=_REMEMBERED)
def _kind_of(told: str) -> str:
    """Of an object that names a type, and the span or whatever else."""
    found = structured(told)
    kind = found.get("type") if isinstance(found, dict) else None
    return _KINDS.get(kind, "") if isinstance(kind, str) else ""
