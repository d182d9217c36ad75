"""How an application names its own spans, in the two conventions that the demo shows.

The calls to the model are recorded by stock instrumentors; these are the spans around them, as an
agent framework would write them.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

from opentelemetry.trace import Span, Status, StatusCode, Tracer


class Convention(Protocol):
    """``kind`` is ``agent``, ``chain``, ``tool`` or ``retriever``."""

    def session(self, session: str, customer: str) -> AbstractContextManager[None]: ...

    def attributes(self, kind: str, name: str, inputs: Any) -> Mapping[str, Any]: ...

    def outputs(self, outputs: Any) -> Mapping[str, Any]: ...


class OpenInference:
    """Attributes of openinference-semantic-conventions."""

    @contextmanager
    def session(self, session: str, customer: str) -> Iterator[None]:
        from openinference.instrumentation import using_attributes

        with using_attributes(session_id=session, user_id=customer):
            yield

    def attributes(self, kind: str, name: str, inputs: Any) -> Mapping[str, Any]:
        from openinference.instrumentation import get_attributes_from_context

        return {
            **dict(get_attributes_from_context()),
            "openinference.span.kind": kind.upper(),
            "input.value": json.dumps(inputs),
            "input.mime_type": "application/json",
            **({"tool.name": name} if kind == "tool" else {}),
        }

    def outputs(self, outputs: Any) -> Mapping[str, Any]:
        return {"output.value": json.dumps(outputs), "output.mime_type": "application/json"}


class OpenLLMetry:
    """Attributes of opentelemetry-semantic-conventions-ai and OTel GenAI."""

    def __init__(self) -> None:
        self._association: dict[str, str] = {}

    @contextmanager
    def session(self, session: str, customer: str) -> Iterator[None]:
        self._association = {
            "traceloop.association.properties.session_id": session,
            "traceloop.association.properties.user_id": customer,
        }
        yield
        self._association = {}

    def attributes(self, kind: str, name: str, inputs: Any) -> Mapping[str, Any]:
        kinds = {"agent": "agent", "chain": "workflow", "tool": "tool", "retriever": "task"}
        return {
            **self._association,
            "traceloop.span.kind": kinds[kind],
            "traceloop.entity.name": name,
            "traceloop.entity.input": json.dumps(inputs),
        }

    def outputs(self, outputs: Any) -> Mapping[str, Any]:
        return {"traceloop.entity.output": json.dumps(outputs)}


class Steps:
    """Opens a span for each step of the agent."""

    def __init__(self, tracer: Tracer, convention: Convention) -> None:
        self._tracer = tracer
        self._convention = convention

    @contextmanager
    def step(self, kind: str, name: str, inputs: Any) -> Iterator[Callable[[Any], None]]:
        """Gives a function that records the step's outputs; an exception marks the span."""
        attributes = self._convention.attributes(kind, name, inputs)
        with self._tracer.start_as_current_span(name, attributes=dict(attributes)) as span:
            yield lambda outputs: _record(span, self._convention.outputs(outputs))


def _record(span: Span, attributes: Mapping[str, Any]) -> None:
    span.set_attributes(dict(attributes))
    span.set_status(Status(StatusCode.OK))
