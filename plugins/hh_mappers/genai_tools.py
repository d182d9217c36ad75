"""Tools as OTel GenAI and its relatives tell of them: offered, called, and what they answered.

https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/#execute-tool-span
"""

from typing import Any

from hh_core.domain.event import Content, Json
from hh_core.domain.span import Attributes
from hh_mappers.dialects import is_chat
from hh_mappers.leftovers import leave
from hh_mappers.literals import structure
from hh_mappers.openinference_messages import table
from hh_mappers.placing import numbered, offer, offer_arguments
from hh_mappers.reading import unpacked
from hh_mappers.wrappings import gave_in, given_by_name, given_to_run

CALLING = frozenset({"execute_tool", "tool_call"})
"""Operations that are calls of a tool; the second is that of Gemini's command line."""
FUNCTIONS = "gen_ai.request.functions."
"""AgentOps' ``gen_ai.request.functions.<i>.name``, ``.description``, ``.parameters``."""
OFFERED = "gen_ai.request.tools."
"""The same of Anthropic's tools."""
ARGUMENTS = (
    *("gen_ai.tool.call.arguments", "gen_ai.tool.args", "gen_ai.tool.input"),
    *("gen_ai.tool.arguments", "mistral_ai.tool.call.arguments"),
)
"""What a tool was asked: of OpenTelemetry, OpenLIT, Sentry, Axiom and Mistral."""
PLACES = {
    "gen_ai.tool.call.result": ("outputs", "result"),
    "gen_ai.tool.output": ("outputs", "result"),
    "gen_ai.tool.result": ("outputs", "result"),
    "gen_ai.tool.message": ("outputs", "result"),
    "gen_ai.retrieval.query.text": ("inputs", "query"),
    "gen_ai.retrieval.documents": ("outputs", "documents"),
    "gen_ai.tool.definitions": ("config", "tools"),
    "gen_ai.request.available_tools": ("config", "tools"),
    "gen_ai.request.tools": ("config", "tools"),
    "gen_ai.request.functions": ("config", "tools"),
    "gen_ai.request.response_format": ("config", "response_format"),
    "gen_ai.request.structured_output_schema": ("config", "response_format"),
}
"""The bucket and key of other large attributes."""


def tools(attributes: Attributes, content: Content) -> None:
    """What tools offer, are asked and answer; queries and documents of a retrieval."""
    for key in ARGUMENTS:
        if key in attributes:
            wrapped = _opened(attributes[key])
            given = given_by_name(given_to_run(wrapped))
            offer_arguments(content, given, origin=key)
            if given is not wrapped:
                leave(content, key, wrapped)
    for key, (bucket, place) in PLACES.items():
        if key in attributes:
            wrapped = unpacked(attributes[key])
            value = gave_in(wrapped) if place == "result" else wrapped
            offer(content, bucket, place, value, origin=key)
            if value is not wrapped:
                leave(content, key, wrapped)
    for prefix in (FUNCTIONS, OFFERED):
        if offered := definitions(attributes, prefix):
            offer(content, "config", "tools", offered, origin=prefix[:-1])
    variables = dict(numbered(attributes, "gen_ai.prompt.variable."))
    if variables:
        is_chat = "chat_history" in content.inputs
        bucket, place = ("config", "prompt_variables") if is_chat else ("inputs", "variables")
        offer(content, bucket, place, variables, origin="gen_ai.prompt.variable")


def _opened(value: Any) -> Json:
    """Arguments also as Python writes them."""
    found = structure(value) if isinstance(value, str) and value[:2] == "{'" else None
    return unpacked(value) if found is None else found


def used_tool(attributes: Attributes, content: Content) -> bool:
    """Take what stands in place of messages for what a tool was asked and answered."""
    given, gave = (attributes.get(f"gen_ai.{side}.messages") for side in ("input", "output"))
    values = [unpacked(value) for value in (given, gave) if value is not None]
    if not values or any(is_chat(value) for value in values):
        return False
    if given is not None:
        offer_arguments(content, unpacked(given), origin="gen_ai.input.messages")
    offer(content, "outputs", "result", unpacked(gave), origin="gen_ai.output.messages")
    return True


def definitions(attributes: Attributes, prefix: str) -> list[Json]:
    """Tools of ``prefix<i>.name``, ``.description``, ``.parameters``, the latter parsed."""
    return [_function(item) for item in table(attributes, prefix)]


def _function(item: Json) -> Json:
    """A tool's definition, its parameters parsed."""
    if isinstance(item, dict) and isinstance(item.get("parameters"), str):
        item["parameters"] = unpacked(item["parameters"])
    return item
