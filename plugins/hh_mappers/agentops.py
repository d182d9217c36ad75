"""AgentOps: ``agentops.*``, beside ``gen_ai.prompt.N`` and the like, which ``genai`` reads.

https://github.com/AgentOps-AI/agentops/tree/main/agentops/semconv
"""

from hh_core.domain.span import AnyValue
from hh_mappers.reading import number, text, unquoted
from hh_mappers.routes import LARGE, Route, Routes
from hh_mappers.whole import Whole

_KINDS = {
    **dict.fromkeys(("llm", "llm.call"), "model"),
    **dict.fromkeys(("tool", "guardrail", "http"), "tool"),
    **dict.fromkeys(
        (
            *("session", "workflow", "workflow.step", "task", "operation", "agent", "team"),
            *("agent.action", "agent.thinking", "agent.decision", "chain", "text"),
        ),
        "chain",
    ),
}
_KIND = "agentops.span.kind"
_INPUTS = ("agentops.entity.input", "workflow.input", "tool.parameters")
_OUTPUTS = ("agentops.entity.output", "workflow.output", "workflow.final_output", "tool.result")
_DECORATED = ("session", "workflow", "task", "operation", "agent", "tool", "guardrail")
"""Newer releases name the kind in the key: ``agentops.tool.input``."""


class AgentOps(Whole):
    name = "agentops"
    rank = 28
    kind = _KIND
    kinds = _KINDS
    inputs = (*_INPUTS, *(f"agentops.{kind}.input" for kind in _DECORATED))
    outputs = (*_OUTPUTS, *(f"agentops.{kind}.output" for kind in _DECORATED))
    marks = frozenset({_KIND, *(key for key in (*inputs, *outputs) if key.startswith("agentops."))})
    routes = Routes(
        {
            **dict.fromkeys((*inputs, *outputs), LARGE),
            "gen_ai.usage.total_cost": Route(number, "metadata.cost"),
            "tool.cost": Route(number, "metadata.cost"),
            "tool.name": Route(text, "metadata.tool_name"),
            "tool.call.id": Route(text, "metadata.tool_call_id"),
            "agent.name": Route(text, "metadata.agent_name"),
            "agentops.entity.name": Route(text, "metadata.entity_name"),
        },
        {},
    )

    def opened(self, value: AnyValue) -> AnyValue:
        """A text that is quoted as JSON, as the SDK's decorators write results."""
        found: AnyValue = unquoted(value) if str(value)[:1] == '"' else value
        return found
