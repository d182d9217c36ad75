"""Spring AI: ``spring.ai.*`` beside OTel GenAI, every value a text.

https://docs.spring.io/spring-ai/reference/observability/index.html
"""

from hh_core.domain.event import Content
from hh_core.domain.span import AnyValue, Span
from hh_mappers.leftovers import leave_attributes
from hh_mappers.messages import Message
from hh_mappers.placing import offer
from hh_mappers.reading import text, unpacked, unquoted
from hh_mappers.routes import LARGE, Route, Routes
from hh_mappers.whole import EMBEDDING, Whole

_PREFIX = "spring.ai."
_KINDS = {
    **dict.fromkeys(("chat_model", "image_model"), "model"),
    "embedding_model": EMBEDDING,
    **dict.fromkeys(("tool_call", "vector_store"), "tool"),
    **dict.fromkeys(("chat_client", "advisor"), "chain"),
}
_CLIENT = _PREFIX + "chat.client."
_SAID = (
    (_CLIENT + "system.text", "system"),
    (_CLIENT + "user.text", "user"),
)
_CALL = _PREFIX + "tool.call."
_QUERY, _FOUND = "db.vector.query.content", "db.vector.query.response.documents"
_SESSIONS = (_CLIENT + "conversation.id", _CLIENT + "advisor.conversation.id")


class SpringAi(Whole):
    name = "spring_ai"
    rank = 34
    kind = _PREFIX + "kind"
    kinds = _KINDS
    marks = frozenset({kind})
    routes = Routes(
        {
            **{key: Route(text, "metadata.conversation_id", "session_id") for key in _SESSIONS},
            _PREFIX + "tool.definition.name": Route(text, "metadata.tool_name"),
            **dict.fromkeys((_CALL + "arguments", _CALL + "result", _QUERY, _FOUND), LARGE),
            **dict.fromkeys((key for key, _ in _SAID), LARGE),
        },
        {},
    )
    inputs = (_CALL + "arguments",)
    outputs = (_CALL + "result",)

    def opened(self, value: AnyValue) -> AnyValue:
        found: AnyValue = unquoted(value) if str(value)[:1] == '"' else value
        return found

    def content(self, span: Span, content: Content) -> None:
        super().content(span, content)
        attributes = span.attributes
        messages: list[Message] = [
            {"role": role, "content": told}
            for key, role in _SAID
            if (told := text(attributes.get(key)))
        ]
        if messages:
            offer(content, "inputs", "chat_history", messages, origin=_CLIENT + "text")
        if _QUERY in attributes:
            offer(content, "inputs", "query", text(attributes[_QUERY]), origin=_QUERY)
        if _FOUND in attributes:
            found = unpacked(attributes[_FOUND])
            offer(content, "outputs", "documents", found, origin=_FOUND)
        leave_attributes(content, attributes, (_QUERY, *(key for key, _ in _SAID)))
