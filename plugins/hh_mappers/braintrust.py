"""Braintrust: ``braintrust.*``, each a JSON text, or flattened by dots.

https://www.braintrust.dev/docs/integrations/sdk-integrations/opentelemetry/attributes
"""

from hh_core.domain.rules import Document, Fallback, Kind
from hh_core.domain.span import Attributes, Keys
from hh_mappers.reading import integer, number, structured, text
from hh_mappers.routes import LARGE, Route, Routes, tokens, under
from hh_mappers.usage import usage_document
from hh_mappers.whole import Whole

_PREFIX = "braintrust."
_TYPE = _PREFIX + "span_attributes.type"
_WHOLE = _PREFIX + "span_attributes"
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

    def told_kinds(self, keys: Keys) -> tuple[Kind, ...]:
        if _WHOLE not in keys:
            return super().told_kinds(keys)
        texts = [(_json(told, gap), kind) for told, kind in _KINDS.items() for gap in ("", " ")]
        return (Kind(_WHOLE, tuple(texts)), *super().told_kinds(keys))

    def kind_of(self, attributes: Attributes) -> str:
        found = structured(attributes.get(_WHOLE))
        told = found.get("type") if isinstance(found, dict) else None
        return _KINDS.get(told, "") if isinstance(told, str) else super().kind_of(attributes)


def _json(told: str, gap: str) -> str:
    """An object that names a type and nothing else, as JSON writers space it."""
    return f'{{"type":{gap}"{told}"}}'
