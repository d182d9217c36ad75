"""OpenLIT's own names beside GenAI's conventions.

https://github.com/openlit/openlit (``openlit/semcov``)
"""

from hh_core.domain.event import Content, Step
from hh_core.domain.span import Keys, Span
from hh_mappers.leftovers import give_members, leave
from hh_mappers.openinference_content import is_conversation
from hh_mappers.reading import integer, plain, unpacked
from hh_mappers.routes import LARGE, Prepared, Route, Routes, tokens

_ARGUMENTS = "gen_ai.tool.args"
_ROUTES = Routes(
    {
        "gen_ai.client.token.usage": tokens("total_tokens", integer),
        _ARGUMENTS: LARGE,
        "gen_ai.request.is_stream": Route(plain, "config.stream"),
        "gen_ai.request.stream": Route(plain, "config.stream"),
    },
    {},
)
_MARKS = frozenset({"gen_ai.client.token.usage", _ARGUMENTS, "gen_ai.request.is_stream"})


class OpenLit(Prepared):
    name = "openlit"
    rank = 60

    def prepare(self, keys: Keys) -> Step | None:
        return None if _MARKS.isdisjoint(keys) else _ROUTES.rules(keys)

    def content(self, span: Span, content: Content) -> None:
        """Arguments: of a tool that runs, or of those that a model has called."""
        if _ARGUMENTS not in span.attributes:
            return
        value = unpacked(span.attributes[_ARGUMENTS])
        if is_conversation(content, "inputs") or is_conversation(content, "outputs"):
            leave(content, _ARGUMENTS, value)
        else:
            give_members(content, "inputs", "arguments", value, _ARGUMENTS)
