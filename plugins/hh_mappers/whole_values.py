"""Conventions of which little more is their own than where they keep inputs and outputs.

- Mastra: ``mastra.span.type`` and ``mastra.<type>.input`` beside OTel GenAI
  (https://mastra.ai/docs/observability).
- Cloudflare's AI Gateway: ``gen_ai.prompt_json`` and ``gen_ai.completion_json``
  (https://developers.cloudflare.com/ai-gateway/observability/otel-integration/).
- CrewAI by OpenLLMetry: ``crewai.crew.*``, ``crewai.task.*``
  (https://github.com/traceloop/openllmetry).
"""

from hh_core.domain.event import Content, Json
from hh_core.domain.span import AnyValue, Attributes
from hh_mappers.literals import unpacked_literal
from hh_mappers.placing import covers, give
from hh_mappers.reading import name, plain, text
from hh_mappers.routes import LARGE, Route, Routes
from hh_mappers.whole import EMBEDDING, Whole

_MASTRA = "mastra."
_MASTRA_KINDS = {
    **dict.fromkeys(("model_generation", "llm_generation"), "model"),
    "embedding": EMBEDDING,
    **dict.fromkeys(
        (
            *("agent_run", "workflow_run", "workflow_step", "workflow_conditional", "generic"),
            *("workflow_conditional_eval", "workflow_parallel", "workflow_loop", "model_step"),
            *("workflow_sleep", "workflow_wait_event", "processor_run", "model_chunk"),
        ),
        "chain",
    ),
    **dict.fromkeys(("tool_call", "mcp_tool_call", "rag_action", "memory_operation"), "tool"),
}
_GATEWAY_KINDS = {"chat": "model", "text_completion": "model", "embeddings": EMBEDDING}
_ASKED, _ANSWERED = ("gen_ai.prompt_json",), ("gen_ai.completion_json",)
_GATEWAY = Routes(
    {
        "gen_ai.model.provider": Route(name, "config.provider", fact="provider"),
        **dict.fromkeys((*_ASKED, *_ANSWERED), LARGE),
    },
    {},
)
_CREW_KINDS = {"workflow": "chain", "agent": "chain", "task": "chain"}
_TASKS = ("crewai.task.description", "crewai.task.expected_output", "crewai.crew.tasks")
_RESULTS = ("crewai.crew.result", "crewai.agent.result", "crewai.task.result")
_CREW = Routes(
    {
        "crewai.agent.role": Route(plain, "metadata.agent_name"),
        **dict.fromkeys((*_TASKS, *_RESULTS), LARGE),
    },
    {},
)
_SESSION = Route(text, fact="session_id")


class Mastra(Whole):
    name = "mastra"
    rank = 35
    kind = _MASTRA + "span.type"
    kinds = _MASTRA_KINDS
    marks = frozenset({kind})
    inputs = tuple(f"{_MASTRA}{told}.input" for told in _MASTRA_KINDS)
    outputs = tuple(f"{_MASTRA}{told}.output" for told in _MASTRA_KINDS)
    routes = Routes(
        {
            _MASTRA + "metadata.sessionId": _SESSION,
            _MASTRA + "metadata.threadId": Route(text, "metadata.thread_id", fact="session_id"),
            _MASTRA + "metadata.userId": Route(text, "user_properties.user_id"),
            **dict.fromkeys((*inputs, *outputs), LARGE),
        },
        {},
    )


class AiGateway(Whole):
    name = "ai_gateway"
    rank = 36
    kind = "gen_ai.operation.name"
    kinds = _GATEWAY_KINDS
    inputs = _ASKED
    outputs = _ANSWERED
    marks = frozenset((*_ASKED, *_ANSWERED))
    routes = _GATEWAY

    def kind_of(self, attributes: Attributes) -> str:
        return super().kind_of(attributes) or "model"


class CrewAi(Whole):
    """Read late: OpenLLMetry's own names tell some of it in a better form."""

    name = "crewai"
    rank = 92
    kind = "traceloop.span.kind"
    kinds = _CREW_KINDS
    inputs = _TASKS
    outputs = _RESULTS
    marks = frozenset((*_TASKS, *_RESULTS))
    routes = _CREW

    def give_input(self, content: Content, kind: str, key: str, value: AnyValue) -> None:
        _add(content.inputs, key, value)

    def give_output(self, content: Content, kind: str, key: str, value: AnyValue) -> None:
        _add(content.outputs, key, value)


def _add(bucket: dict[str, Json], key: str, value: AnyValue) -> None:
    found = unpacked_literal(value)
    if not covers(bucket, found):
        give(bucket, key.rpartition(".")[2], found, origin=key)
