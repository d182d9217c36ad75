"""``python -m hh_cli.demo.agent openinference|openllmetry MODEL_URL``: the agent, one run.

It is an ordinary application: stock instrumentor, stock OTLP exporter (told where to send by the
usual ``OTEL_*`` variables) and the real ``openai`` client. Nothing here knows the platform.
"""

import json
import sys
from collections.abc import Sequence
from typing import Any

from openai import OpenAI, RateLimitError
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

from hh_cli.demo.conventions import Convention, OpenInference, OpenLLMetry, Steps
from hh_cli.demo.scenario import (
    CONVERSATIONS,
    DOCUMENTS,
    ORDERS,
    PLANNER,
    SUPPORT,
    TOOLS,
    Conversation,
    Document,
)

FALLBACK_MODEL = "gpt-4o-mini"
EMBEDDING_MODEL = "text-embedding-3-small"


class OrderNotFoundError(LookupError):
    """The customer named an order that does not exist."""


class SupportAgent:
    """Plans, retrieves, calls tools, answers."""

    def __init__(self, client: OpenAI, steps: Steps) -> None:
        self._client = client
        self._steps = steps
        self._index: list[tuple[Document, list[float]]] = []

    def answer(self, history: list[dict[str, Any]], question: str, model: str) -> str:
        """One turn: the agent's answer, which is also added to ``history``."""
        with self._steps.step("agent", "support_agent", {"question": question}) as done:
            self._plan(question)
            found = self._retrieve(question)
            knowledge = f"{found[0].title}: {found[0].text}"
            messages = [
                {"role": "system", "content": SUPPORT},
                {"role": "system", "content": knowledge},
                *history,
                {"role": "user", "content": question},
            ]
            said = self._converse(messages, model)
            history += [
                {"role": "user", "content": question},
                {"role": "assistant", "content": said},
            ]
            done({"answer": said})
        return said

    def _plan(self, question: str) -> list[str]:
        with self._steps.step("chain", "plan", {"question": question}) as done:
            completion = self._client.chat.completions.create(
                model=FALLBACK_MODEL,
                temperature=0,
                messages=[
                    {"role": "system", "content": PLANNER},
                    {"role": "user", "content": question},
                ],
            )
            plan: list[str] = json.loads(completion.choices[0].message.content or "[]")
            done({"steps": plan})
        return plan

    def _retrieve(self, question: str, count: int = 2) -> list[Document]:
        with self._steps.step("retriever", "search_knowledge_base", {"query": question}) as done:
            if not self._index:
                vectors = self._embed([f"{item.title} {item.text}" for item in DOCUMENTS])
                self._index = list(zip(DOCUMENTS, vectors, strict=True))
            (query,) = self._embed([question])
            ranked = sorted(self._index, key=lambda item: -_dot(query, item[1]))
            found = [document for document, _ in ranked[:count]]
            done([{"id": item.id, "title": item.title, "text": item.text} for item in found])
        return found

    def _embed(self, texts: Sequence[str]) -> list[list[float]]:
        answer = self._client.embeddings.create(
            model=EMBEDDING_MODEL, input=list(texts), encoding_format="float"
        )
        return [item.embedding for item in answer.data]

    def _converse(self, messages: list[dict[str, Any]], model: str) -> str:
        """Ask the model, run the tool it wants, ask again; fall back when it is overloaded."""
        try:
            first = self._complete(messages, model)
        except RateLimitError:
            model = FALLBACK_MODEL
            first = self._complete(messages, model)
        message = first.choices[0].message
        if not message.tool_calls:
            return str(message.content)
        call = message.tool_calls[0]
        result = self._run_tool(call.function.name, json.loads(call.function.arguments))
        messages.append(message.model_dump(exclude_none=True))
        messages.append({"role": "tool", "tool_call_id": call.id, "content": json.dumps(result)})
        return self._stream(messages, model)

    def _complete(self, messages: list[dict[str, Any]], model: str) -> Any:
        create: Any = self._client.chat.completions.create
        return create(model=model, messages=messages, tools=list(TOOLS), temperature=0.2)

    def _stream(self, messages: list[dict[str, Any]], model: str) -> str:
        create: Any = self._client.chat.completions.create
        chunks = create(
            model=model, messages=messages, stream=True, stream_options={"include_usage": True}
        )
        return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)

    def _run_tool(self, name: str, arguments: dict[str, str]) -> dict[str, Any]:
        try:
            with self._steps.step("tool", name, arguments) as done:
                order = arguments["order_id"]
                if order not in ORDERS:
                    raise OrderNotFoundError(f"there is no order {order}")
                result: dict[str, Any] = dict(ORDERS[order])
                if name == "open_return":
                    result = {"return_id": f"R-{order[2:]}", "order_id": order}
                done(result)
                return result
        except OrderNotFoundError as error:
            return {"error": str(error)}


def _dot(left: Sequence[float], right: Sequence[float]) -> float:
    return sum(a * b for a, b in zip(left, right, strict=True))


def _instrumented(name: str, provider: TracerProvider) -> Convention:
    if name == "openinference":
        from openinference.instrumentation.openai import OpenAIInstrumentor as OpenInferenceOpenAI

        OpenInferenceOpenAI().instrument(tracer_provider=provider)
        return OpenInference()
    from opentelemetry.instrumentation.openai import OpenAIInstrumentor

    OpenAIInstrumentor().instrument(tracer_provider=provider)
    return OpenLLMetry()


def _converse(agent: SupportAgent, conversation: Conversation) -> None:
    history: list[dict[str, Any]] = []
    for question in conversation.turns:
        agent.answer(history, question, conversation.model)


def main(instrumentor: str, model_url: str, run: str) -> None:
    """One session per conversation; ``run`` keeps the sessions of two runs apart."""
    provider = TracerProvider(resource=Resource.create({"service.name": "support-agent"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    convention = _instrumented(instrumentor, provider)
    client = OpenAI(base_url=model_url, api_key="none-needed", max_retries=0)
    agent = SupportAgent(client, Steps(provider.get_tracer("support-agent"), convention))
    for conversation in CONVERSATIONS:
        session = f"{conversation.session}-{instrumentor}-{run}"
        with convention.session(session, conversation.customer):
            _converse(agent, conversation)
    provider.shutdown()


if __name__ == "__main__":
    main(*sys.argv[1:4])
