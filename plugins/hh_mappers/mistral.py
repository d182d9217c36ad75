"""What Mistral's own client tells beside OTel GenAI: the total, and errors of its API.

https://github.com/mistralai/client-python (``extra/observability``). An answer that is an error
leaves the span's status unset.
"""

from hh_core.domain.event import Content, Step
from hh_core.domain.span import Keys, Span
from hh_mappers.reading import integer, text
from hh_mappers.routes import Prepared, Route, Routes, tokens

_PREFIX = "mistral_ai."
_MESSAGE = _PREFIX + "error.message"
_ROUTES = Routes(
    {
        _PREFIX + "request.total_tokens": tokens("total_tokens", integer),
        _PREFIX + "error.type": Route(text, "metadata.error_type", fact="error_class"),
    },
    {},
)


class Mistral(Prepared):
    name = "mistral"
    rank = 51

    def prepare(self, keys: Keys) -> Step | None:
        return _ROUTES.rules(keys) if any(key.startswith(_PREFIX) for key in keys) else None

    def content(self, span: Span, content: Content) -> None:
        """The API's own words, where no status tells them."""
        if content.error is None and not span.status_message:
            content.error = text(span.attributes.get(_MESSAGE))
