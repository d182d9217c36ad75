"""Scores that evaluators tell as events of the span that they judged: ``gen_ai.evaluation.result``.

https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-events/#event-gen_aievaluationresult. Why
a score was given stands with the event itself, under ``metadata.span_events``.
"""

from collections.abc import Iterable

from hh_core.domain.event import Content, Json
from hh_core.domain.span import SpanEvent

RESULT = "gen_ai.evaluation.result"
_NAME = "gen_ai.evaluation.name"
_SCORES = ("gen_ai.evaluation.score.value", "gen_ai.evaluation.score.label")
"""A number says more than its label."""


def evaluations(events: Iterable[SpanEvent], content: Content) -> None:
    """Each evaluation under its own name; of two of one name the earlier stays."""
    for event in events:
        name = event.attributes.get(_NAME)
        scores = (event.attributes.get(key) for key in _SCORES)
        score: Json = next((one for one in scores if isinstance(one, int | float | str)), None)
        if isinstance(name, str) and name and score is not None:
            content.metrics.setdefault(name, score)
