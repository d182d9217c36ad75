"""Semantic Kernel beside OTel GenAI: the loop that calls functions until the model is content.

https://learn.microsoft.com/semantic-kernel/concepts/enterprise-readiness/observability/
"""

from hh_core.domain.event import Content, Step
from hh_core.domain.rules import Kind, Rules
from hh_core.domain.span import Keys, Span
from hh_mappers.routes import Prepared

_LOOP = Rules(kinds=(Kind("", (), "chain"),))


class SemanticKernel(Prepared):
    name = "semantic-kernel"
    rank = 52

    def prepare(self, keys: Keys) -> Step | None:
        return _LOOP if "sk.available_functions" in keys else None

    def content(self, span: Span, content: Content) -> None:
        """It has none."""
