"""What several conventions share: OpenTelemetry's ``session.id`` and ``user.id``."""

from hh_core.domain.event import Content, Step
from hh_core.domain.span import Keys, Span
from hh_mappers.reading import identifier, plain
from hh_mappers.routes import Prepared, Route, Routes

_MARKS = frozenset({"session.id", "user.id", "enduser.id", "tag.tags"})
_ROUTES = Routes(
    {
        "session.id": Route(identifier, fact="session_id"),
        "user.id": Route(identifier, "user_properties.user_id"),
        "enduser.id": Route(identifier, "user_properties.user_id"),
        "tag.tags": Route(plain, "metadata.tags"),
    },
    {},
)


class Common(Prepared):
    name = "common"
    rank = 20

    def prepare(self, keys: Keys) -> Step | None:
        return None if _MARKS.isdisjoint(keys) else _ROUTES.rules(keys)

    def content(self, span: Span, content: Content) -> None:
        """Everything here is small: ``facts`` has placed it."""
