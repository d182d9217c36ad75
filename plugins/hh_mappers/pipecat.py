"""Pipecat's voice agents, beside OTel GenAI.

https://docs.pipecat.ai (``OpenTelemetry``). Pipecat writes bare names, so only its own combinations
of them are taken.
"""

from hh_core.domain.event import Content, Step
from hh_core.domain.rules import Kind
from hh_core.domain.span import Keys, Span
from hh_mappers.genai_content import asked, said, with_instructions
from hh_mappers.leftovers import leave_attributes
from hh_mappers.messages import chat_history
from hh_mappers.placing import offer
from hh_mappers.reading import number, text, unpacked
from hh_mappers.routes import LARGE, Prepared, Route, Routes

_PIPECAT = frozenset({"metrics.ttfb", "metrics.character_count", "voice_id", "transcript"})
_MARKS = frozenset({"turn.number", "turn.type", "conversation.type"})
_SPOKEN = Routes(
    {
        "conversation.id": Route(text, "metadata.conversation_id", fact="session_id"),
        "metrics.ttfb": Route(number, "metrics.ttfb"),
        "metrics.character_count": Route(number, "metrics.character_count"),
        **dict.fromkeys(("input", "output", "system", "tools", "text", "transcript"), LARGE),
    },
    {},
)


class Pipecat(Prepared):
    name = "pipecat"
    rank = 54

    def prepare(self, keys: Keys) -> Step | None:
        if not _MARKS.isdisjoint(keys):
            return _SPOKEN.rules(keys, kinds=(Kind("", (), "chain"),))
        is_call = "gen_ai.request.model" in keys and "gen_ai.operation.name" in keys
        own = not _PIPECAT.isdisjoint(keys) or {"input", "output", "stream"}.issubset(keys)
        return _SPOKEN.rules(keys, kinds=(Kind("", (), "model"),)) if is_call and own else None

    def content(self, span: Span, content: Content) -> None:
        attributes = span.attributes
        system = chat_history(attributes.get("system"), role="system")
        history = chat_history(attributes.get("input"), role="user")
        asked(content, with_instructions(system, history), origin="input", operation=None)
        said(content, chat_history(attributes.get("output"), role="assistant"), origin="output")
        tools = unpacked(attributes.get("tools"))
        offer(content, "config", "tools", tools, origin="tools")
        offer(content, "inputs", "text", text(attributes.get("text")), origin="text")
        heard = text(attributes.get("transcript"))
        if heard:
            said(content, [{"role": "assistant", "content": heard}], origin="transcript")
        leave_attributes(content, attributes, ("text", "transcript"))
