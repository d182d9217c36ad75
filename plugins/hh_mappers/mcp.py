"""The Model Context Protocol: requests of clients and servers, ``mcp.*``.

A ``tools/call`` is a tool; whatever else the two sides say to each other is a chain.
https://github.com/open-telemetry/semantic-conventions-genai/blob/main/docs/gen-ai/mcp.md
"""

from collections.abc import Mapping

from hh_core.domain.event import Content, Json, Step
from hh_core.domain.paths import nested
from hh_core.domain.rules import Kind
from hh_core.domain.span import Keys, Span
from hh_mappers.placing import covers, give, numbered, offer, offer_arguments
from hh_mappers.reading import text, unpacked
from hh_mappers.routes import LARGE, Prepared, Route, Routes, large

_METHOD = "mcp.method.name"
_KIND = Kind(_METHOD, (("tools/call", "tool"),), "chain")
_ARGUMENTS = "mcp.request.argument."
_RESULTS = ("mcp.response.value", "mcp.tool.result", "mcp.tool.result.content", "mcp.tool.output")
_ASKED = ("mcp.tool.arguments", "mcp.tool.input", "mcp.request.arguments")
_ROUTES = Routes(
    {
        "mcp.tool.name": Route(text, "metadata.tool_name"),
        **dict.fromkeys((*_RESULTS, *_ASKED), LARGE),
    },
    {_ARGUMENTS: large},
)


class Mcp(Prepared):
    name = "mcp"
    rank = 60

    def prepare(self, keys: Keys) -> Step | None:
        if not any(key.startswith("mcp.") for key in keys):
            return None
        if _METHOD in keys:
            return _ROUTES.rules(keys, kinds=(_KIND,))
        is_tool = "mcp.tool.name" in keys
        return _ROUTES.rules(keys, kinds=(Kind("", (), "tool"),) if is_tool else ())

    def content(self, span: Span, content: Content) -> None:
        attributes = span.attributes
        for key in _ASKED:
            if key in attributes:
                offer_arguments(content, unpacked(attributes[key]), origin=key)
        pairs = [(name, unpacked(value)) for name, value in numbered(attributes, _ARGUMENTS)]
        for name, value in nested(pairs).items():
            give(content.inputs, name, value, origin=_ARGUMENTS + name)
        for key in _RESULTS:
            if key in attributes:
                offer(content, "outputs", "result", _result(unpacked(attributes[key])), origin=key)


def _result(value: Json) -> Json:
    """The same twice, as text for models and structured for programs, is told once."""
    if isinstance(value, Mapping) and "content" in value:
        for key in ("structuredContent", "structured_content"):
            if key in value and covers(value["content"], value[key]):
                return {name: item for name, item in value.items() if name != key}
    return value
