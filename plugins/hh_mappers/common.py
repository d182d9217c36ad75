"""What several conventions share: OpenTelemetry's ``session.id`` and ``user.id``."""

from hh_core.domain.event import Content, Facts
from hh_core.domain.span import Span
from hh_mappers.reading import plain, text
from hh_mappers.routes import Route, Routes, follow

_MARKS = frozenset({"session.id", "user.id", "enduser.id", "tag.tags"})
_ROUTES = Routes(
    {
        "session.id": Route(text, fact="session_id"),
        "user.id": Route(text, "user_properties.user_id"),
        "enduser.id": Route(text, "user_properties.user_id"),
        "tag.tags": Route(plain, "metadata.tags"),
    },
    {},
)


class Common:
    name = "common"
    rank = 20

    def speaks(self, span: Span) -> bool:
        return not _MARKS.isdisjoint(span.attributes)

    def facts(self, span: Span, facts: Facts) -> None:
        follow(_ROUTES, span, facts)

    def content(self, span: Span, content: Content) -> None:
        """Everything here is small: ``facts`` has placed it."""
