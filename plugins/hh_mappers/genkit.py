"""Genkit: ``genkit:*``, what went into an action and what came out of it as one JSON each.

https://genkit.dev/docs/observability/authoring-telemetry-plugins and ``js/core/src/tracing`` of
https://github.com/firebase/genkit. Counts of tokens stand only in the JSON of a model's answer.
"""

from collections.abc import Mapping
from functools import lru_cache, partial
from types import MappingProxyType

from hh_core.domain.event import Facts, Step
from hh_core.domain.paths import put
from hh_core.domain.rules import Fallback, Kind, Rules
from hh_core.domain.span import AnyValue, Attributes, Keys, Span
from hh_mappers.reading import structured, text, unquoted
from hh_mappers.routes import LARGE, Route, Routes
from hh_mappers.usage import usage
from hh_mappers.whole import EMBEDDING, Whole

_TYPE, _SUBTYPE = "genkit:type", "genkit:metadata:subtype"
_INPUT, _OUTPUT = "genkit:input", "genkit:output"
_KINDS = {
    "model": "model",
    "background-model": "model",
    "embedder": EMBEDDING,
    **dict.fromkeys(("tool", "tool.v2", "retriever", "reranker", "indexer", "evaluator"), "tool"),
    **dict.fromkeys(("flow", "prompt", "executable-prompt", "util", "custom", "agent"), "chain"),
}
_TYPES = {
    **dict.fromkeys(("flow", "flowStep", "dotprompt", "promptTemplate", "util", "action"), "chain"),
    "userEngagement": "tool",
}
_LONGEST = 1 << 20
"""Characters of an answer that are parsed for its tokens."""
_ANSWERS = 64
"""That are remembered: a model's wrappers repeat its answer."""


class Genkit(Whole):
    name = "genkit"
    rank = 33
    kind = _SUBTYPE
    kinds = _KINDS
    marks = frozenset({_TYPE, _SUBTYPE, _INPUT, _OUTPUT, "genkit:name"})
    routes = Routes(
        {
            "genkit:name": Route(text, "metadata.action_name"),
            "genkit:sessionId": Route(text, fact="session_id"),
            "genkit:metadata:context:sessionId": Route(text, fact="session_id"),
            "genkit:metadata:thread": Route(text, "metadata.thread"),
            **dict.fromkeys((_INPUT, _OUTPUT), LARGE),
        },
        {},
    )
    fallbacks = (Fallback("model", "model", "metadata.action_name", "config.model"),)
    inputs = (_INPUT,)
    outputs = (_OUTPUT,)

    def prepare(self, keys: Keys) -> Step | None:
        rules = super().prepare(keys)
        if isinstance(rules, Rules) and _OUTPUT in keys and _SUBTYPE in keys:
            return partial(_count, rules)
        return rules

    def told_kinds(self, keys: Keys) -> tuple[Kind, ...]:
        told = super().told_kinds(keys)
        return (*told, Kind(_TYPE, tuple(_TYPES.items()))) if _TYPE in keys else told

    def opened(self, value: AnyValue) -> AnyValue:
        found: AnyValue = unquoted(value) if str(value)[:1] == '"' else value
        return found

    def kind_of(self, attributes: Attributes) -> str:
        return super().kind_of(attributes) or _TYPES.get(str(attributes.get(_TYPE)), "")


def _count(rules: Rules, span: Span, facts: Facts) -> None:
    rules(span, facts)
    answer = span.attributes.get(_OUTPUT)
    is_model = span.attributes.get(_SUBTYPE) in ("model", "background-model")
    if is_model and type(answer) is str and len(answer) <= _LONGEST:
        for kind, count in _usage(answer).items():
            facts.usage.setdefault(kind, count)
            put(facts.attributes, f"metadata.{kind}", count)


@lru_cache(maxsize=_ANSWERS)
def _usage(answer: str) -> Mapping[str, int]:
    found = structured(answer)
    told = usage(found.get("usage")) if isinstance(found, dict) else None
    if not isinstance(told, dict):
        return MappingProxyType({})
    return MappingProxyType({k: n for k, n in told.items() if type(n) is int})
