"""MLflow: ``mlflow.*``, and parameters under their bare names. Each value is JSON text.

https://mlflow.org/docs/latest/genai/tracing/
"""

import re
from collections.abc import Iterable
from functools import partial
from typing import Any

from hh_core.domain.event import Facts, Step
from hh_core.domain.rules import Glance, Rules
from hh_core.domain.span import AnyValue, Keys, Span
from hh_mappers.reading import name, unquoted, unquoted_text
from hh_mappers.response_ids import response_id
from hh_mappers.routes import LARGE, Route, Routes
from hh_mappers.usage import cost_document, count_in, usage_document
from hh_mappers.whole import EMBEDDING, Whole

_USAGE, _OUTPUTS = "mlflow.chat.tokenUsage", "mlflow.spanOutputs"
_KINDS = {
    "CHAT_MODEL": "model",
    "LLM": "model",
    "EMBEDDING": EMBEDDING,
    "CHAIN": "chain",
    "AGENT": "chain",
    "WORKFLOW": "chain",
    "TASK": "chain",
    "PARSER": "chain",
    "TOOL": "tool",
    "RETRIEVER": "tool",
    "RERANKER": "tool",
    "MEMORY": "tool",
    "EVALUATOR": "tool",
    "GUARDRAIL": "tool",
}
_PARAMETERS = (
    *("temperature", "top_p", "top_k", "max_tokens", "max_completion_tokens", "max_output_tokens"),
    *("seed", "n", "stop", "stop_sequences", "stream", "frequency_penalty", "presence_penalty"),
    *("logprobs", "top_logprobs", "reasoning_effort", "service_tier", "parallel_tool_calls"),
    *("dimensions", "encoding_format", "stream_options", "store", "truncation", "reasoning"),
)
_OFFERED = {
    "tools": "tools",
    "functions": "tools",
    "mlflow.chat.tools": "tools",
    "tool_choice": "tool_choice",
    "response_format": "response_format",
    "text_format": "response_format",
}


def _provider(value: AnyValue) -> str | None:
    return name(unquoted_text(value))


def _with_model(keys: Iterable[str]) -> Routes:
    """``mlflow.llm.model`` is the model that answered where ``model`` tells the one asked."""
    asked = Route(unquoted_text, "config.model", fact="model")
    return Routes(
        {
            **({"model": asked} if "model" in keys else {}),
            "mlflow.llm.model": Route(unquoted_text, "metadata.response_model")
            if "model" in keys
            else asked,
            "mlflow.llm.provider": Route(_provider, "config.provider", fact="provider"),
            "mlflow.trace.session": Route(unquoted_text, fact="session_id"),
            "mlflow.trace.user": Route(unquoted_text, "user_properties.user_id"),
            "mlflow.spanInputs": LARGE,
            "mlflow.spanOutputs": LARGE,
            **dict.fromkeys(_OFFERED, LARGE),
            **{key: Route(unquoted, f"config.{key}") for key in _PARAMETERS},
        },
        {},
    )


_ANSWERED = _with_model(())
_FAR = 1 << 16
"""Characters of a request that are looked through for its model."""
_MODEL = re.compile(r'"model"\s{0,9}:\s{0,9}"([^"\\]{1,128})"')


def _requested_model(value: Any) -> str | None:
    """The model of a request: MLflow 2 tells it nowhere else."""
    if type(value) is not str or (at := value.find('"model"', 0, _FAR)) < 0:
        return None
    found = _MODEL.match(value, at)
    return found[1] if found is not None else None


def _count(rules: Rules, span: Span, facts: Facts) -> None:
    """Embeddings, completions and others have their counts in the whole answer alone."""
    rules(span, facts)
    if facts.event_type == "model":
        count_in(span, facts, _OUTPUTS, "usage")


class MlFlow(Whole):
    name = "mlflow"
    rank = 23
    kind = "mlflow.spanType"
    kinds = _KINDS | {f'"{told}"': kind for told, kind in _KINDS.items()}
    marks = frozenset({kind, "mlflow.spanInputs", "mlflow.spanOutputs", "mlflow.traceRequestId"})
    routes = _with_model(("model",))
    documents = (usage_document(_USAGE), cost_document("mlflow.llm.cost"))
    glances = (
        Glance("mlflow.spanOutputs", response_id, "response_id", "metadata.response_id"),
        Glance("mlflow.spanInputs", _requested_model, "model", "config.model"),
    )
    inputs = ("mlflow.spanInputs",)
    outputs = ("mlflow.spanOutputs",)
    offered = _OFFERED

    def prepare(self, keys: Keys) -> Step | None:
        rules = super().prepare(keys)
        is_told = _USAGE in keys or _OUTPUTS not in keys
        return rules if is_told or not isinstance(rules, Rules) else partial(_count, rules)

    def routes_of(self, keys: Keys) -> Routes:
        return self.routes if "model" in keys else _ANSWERED

    def opened(self, value: AnyValue) -> AnyValue:
        found: AnyValue = unquoted(value)
        return found
