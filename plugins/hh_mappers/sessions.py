"""The session under the many other names that it has, where no convention tells it by its own.

Each also stands in ``metadata`` by a name of its own, for they mean not quite the same.
"""

from hh_core.domain.event import Content, Step
from hh_core.domain.span import Keys, Span
from hh_mappers.reading import unquoted_text
from hh_mappers.routes import Prepared, Route, Routes

_NAMES = {
    "gen_ai.session.id": "session_id",
    "session_id": "session_id",
    "sessionId": "session_id",
    "mlflow.trace.session": "session_id",
    "Helicone-Session-Id": "session_id",
    "gen_ai.thread.id": "thread_id",
    "conversation.id": "conversation_id",
    "conversation_id": "conversation_id",
    "conversationId": "conversation_id",
    "thread.id": "thread_id",
    "thread_id": "thread_id",
    "threadId": "thread_id",
    "wandb.thread_id": "thread_id",
    "langgraph.thread_id": "thread_id",
    "metadata.thread_id": "thread_id",
    "langsmith.metadata.session_id": "session_id",
    "langsmith.metadata.conversation_id": "conversation_id",
    "langsmith.metadata.thread_id": "thread_id",
    "ai.telemetry.metadata.conversationId": "conversation_id",
    "ai.telemetry.metadata.chatId": "chat_id",
    "ai.telemetry.metadata.thread_id": "thread_id",
    "ai.telemetry.metadata.conversation_id": "conversation_id",
}
"""By name, the strongest first: OpenTelemetry's ``thread.id`` of a process is a number, which is
no text and so no session."""
_MARKS = frozenset(_NAMES)
_ROUTES = Routes(
    {
        key: Route(unquoted_text, f"metadata.{place}", fact="session_id")
        for key, place in _NAMES.items()
    },
    {},
)


class Sessions(Prepared):
    name = "sessions"
    rank = 96

    def prepare(self, keys: Keys) -> Step | None:
        return None if _MARKS.isdisjoint(keys) else _ROUTES.rules(keys)

    def content(self, span: Span, content: Content) -> None:
        """Everything here is small: ``facts`` has placed it."""
