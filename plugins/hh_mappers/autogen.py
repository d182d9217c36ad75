"""AutoGen's runtime: messages that agents send each other, beside OTel GenAI.

https://microsoft.github.io/autogen/stable/user-guide/core-user-guide/framework/telemetry.html
"""

from hh_core.domain.event import Content, Step
from hh_core.domain.rules import Kind, Rules
from hh_core.domain.span import Keys, Span
from hh_mappers.routes import Prepared

_MARKS = frozenset({"messaging.operation", "messaging.destination"})
"""Both are older names of OpenTelemetry's messaging conventions."""
_MESSAGE = Rules(kinds=(Kind("", (), "chain"),))


class AutoGen(Prepared):
    name = "autogen"
    rank = 52

    def prepare(self, keys: Keys) -> Step | None:
        return _MESSAGE if _MARKS.issubset(keys) else None

    def content(self, span: Span, content: Content) -> None:
        """It has none: messages are not exported."""
