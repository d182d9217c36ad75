"""OpenInference: conversations, whole requests, tools, documents, vectors, feedback."""

import json
from typing import Any

import pytest

from tests.mapped_span import mapped

LLM = {"openinference.span.kind": "LLM", "llm.model_name": "gpt-4o-2024-08-06"}
ASKED = {
    "llm.input_messages.0.message.role": "system",
    "llm.input_messages.0.message.content": "Answer briefly.",
    "llm.input_messages.1.message.role": "human",
    "llm.input_messages.1.message.content": "Where is the ferry?",
}
SAID = {
    "llm.output_messages.0.message.role": "assistant",
    "llm.output_messages.0.message.content": "At the pier.",
}
REQUEST = {
    "model": "gpt-4o",
    "messages": [
        {"role": "system", "content": "Answer briefly."},
        {"role": "user", "content": "Where is the ferry?"},
    ],
    "stream": False,
    "seat": "window",
}
RESPONSE = {
    "id": "chatcmpl-7",
    "created": 1760000001,
    "choices": [
        {"finish_reason": "stop", "message": {"role": "assistant", "content": "At the pier."}}
    ],
}
HISTORY = [
    {"role": "system", "content": "Answer briefly."},
    {"role": "user", "content": "Where is the ferry?"},
]


def test_a_whole_request_beside_its_messages_leaves_only_what_is_new() -> None:
    values = {"input.value": json.dumps(REQUEST), "output.value": json.dumps(RESPONSE)}
    facts, content = mapped(LLM | ASKED | SAID | values)

    assert content.inputs == {"chat_history": HISTORY}
    assert content.outputs == {
        "role": "assistant",
        "content": "At the pier.",
        "finish_reason": "stop",
    }
    assert content.metadata["attributes.input.value"] == {
        "model": "gpt-4o",
        "stream": False,
        "seat": "window",
    }
    assert content.metadata["attributes.output.value"] == {"created": 1760000001}
    assert facts.response_id == content.metadata["response_id"] == "chatcmpl-7"


def test_a_whole_request_alone_is_read_as_a_conversation() -> None:
    values = {"input.value": json.dumps(REQUEST), "output.value": json.dumps(RESPONSE)}
    _, content = mapped(LLM | values)

    assert content.inputs == {"chat_history": HISTORY}
    assert content.outputs["content"] == "At the pier."


@pytest.mark.parametrize(
    ("request_", "history"),
    [
        (
            {"system": "Be kind.", "messages": [{"role": "user", "content": "Hi"}]},
            [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Hi"}],
        ),
        (
            {"contents": [{"role": "model", "parts": [{"text": "Yes?"}]}]},
            [{"role": "assistant", "content": "Yes?"}],
        ),
        ({"input": "Hi", "instructions": ""}, [{"role": "user", "content": "Hi"}]),
        ({"messages": [["no", "message"]]}, []),
        (
            {
                "messages": [
                    [
                        {
                            "lc": 1,
                            "type": "constructor",
                            "id": ["langchain", "schema", "messages", "HumanMessage"],
                            "kwargs": {"content": "Hi", "id": "run-1"},
                        }
                    ]
                ]
            },
            [{"role": "user", "content": "Hi"}],
        ),
        (
            {
                "messages": [
                    "ChatMessage(_role=<ChatRole.USER: 'user'>, "
                    "_content=[TextContent(text='<b>Hi</b>')], _name=None, _meta={})"
                ]
            },
            [{"role": "user", "content": "<b>Hi</b>"}],
        ),
    ],
)
def test_requests_of_other_apis_and_frameworks_are_read_too(
    request_: dict[str, Any], history: list[Any]
) -> None:
    _, content = mapped(LLM | {"input.value": json.dumps(request_)})

    assert content.inputs.get("chat_history", []) == history


def test_what_a_message_leaves_empty_is_completed_from_the_request() -> None:
    told = {
        "llm.input_messages.0.message.role": "tool",
        "llm.input_messages.0.message.content": "Drizzle.",
    }
    request = {"messages": [{"role": "tool", "content": "Drizzle.", "tool_call_id": "c1"}]}
    _, content = mapped(LLM | told | {"input.value": json.dumps(request)})

    assert content.inputs["chat_history"] == [
        {"role": "tool", "content": "Drizzle.", "tool_call_id": "c1"}
    ]


def test_images_sounds_and_calls_among_the_parts_keep_their_places() -> None:
    prefix = "llm.input_messages.0.message.contents"
    _, content = mapped(
        LLM
        | {
            f"{prefix}.0.message_content.type": "text",
            f"{prefix}.0.message_content.text": "Which colour?",
            f"{prefix}.1.message_content.type": "image",
            f"{prefix}.1.message_content.image.image.url": "https://example.com/a.png",
            f"{prefix}.2.message_content.type": "audio",
            f"{prefix}.2.message_content.audio.audio.url": "https://example.com/a.mp3",
            "llm.output_messages.0.message.contents.0.message_content.type": "reasoning",
            "llm.output_messages.0.message.contents.0.message_content.text": "Hm.",
            "llm.output_messages.0.message.contents.0.message_content.signature": "c2ln",
            "llm.output_messages.0.message.contents.1.tool_call.id": "c1",
            "llm.output_messages.0.message.contents.1.tool_call.function.name": "look",
            "llm.output_messages.0.message.contents.1.tool_call.function.arguments": '{"at":1}',
        }
    )

    assert content.inputs["chat_history"][0]["content"] == [
        {"type": "text", "text": "Which colour?"},
        {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
        {"type": "input_audio", "input_audio": {"url": "https://example.com/a.mp3"}},
    ]
    assert content.outputs["reasoning"] == "Hm."
    assert content.outputs["tool_calls"] == [{"id": "c1", "name": "look", "arguments": {"at": 1}}]
    assert "c2ln" in content.metadata.values()


def test_the_older_function_call_is_a_tool_call() -> None:
    prefix = "llm.output_messages.0.message."
    _, content = mapped(
        LLM
        | {
            prefix + "role": "assistant",
            prefix + "function_call_name": "look",
            prefix + "function_call_arguments_json": '{"at": 1}',
        }
    )

    assert content.outputs["tool_calls"] == [{"id": None, "name": "look", "arguments": {"at": 1}}]


def test_tools_formats_and_templates_are_configuration() -> None:
    schema = {"type": "function", "function": {"name": "look", "parameters": {}}}
    facts, content = mapped(
        LLM
        | ASKED
        | {
            "llm.tools.0.tool.json_schema": json.dumps(schema),
            "llm.tools.0.tool.name": "look",
            "llm.tools.0.tool.description": "sees",
            "llm.prompt_template.template": "Where is {boat}?",
            "llm.prompt_template.variables": '{"boat": "the ferry"}',
            "llm.invocation_parameters": json.dumps(
                {"model": "gpt-4o", "temperature": 0.2, "response_format": {"type": "json"}}
            ),
        }
    )

    assert content.inputs.keys() == {"chat_history"}
    assert content.config == {
        "model": "gpt-4o-2024-08-06",
        "temperature": 0.2,
        "tools": [{"description": "sees", **schema}],
        "response_format": {"type": "json"},
        "prompt_template": {"template": "Where is {boat}?", "variables": {"boat": "the ferry"}},
    }
    assert facts.attributes["metadata.request_model"] == "gpt-4o"
    assert "config.tools" not in facts.attributes


def test_the_model_asked_for_stands_for_one_that_never_answered() -> None:
    facts, content = mapped(
        {"openinference.span.kind": "LLM", "llm.invocation_parameters": '{"model": "gpt-4o"}'}
    )

    assert facts.model == content.config["model"] == "gpt-4o"


def test_a_completion_has_a_prompt_and_choices() -> None:
    _, content = mapped(
        LLM
        | {
            "llm.prompts.0.prompt.text": "Once upon",
            "llm.choices.0.completion.text": "a time",
        }
    )

    assert content.inputs == {"prompt": "Once upon"}
    assert content.outputs == {"role": "assistant", "content": "a time"}


@pytest.mark.parametrize(
    ("given", "inputs"),
    [
        ({"input.value": '{"city": "Cork"}'}, {"city": "Cork"}),
        ({"input.value": "{'city': 'Cork'}"}, {"city": "Cork"}),
        ({"input.value": '{"kwargs": {"city": "Cork"}}'}, {"city": "Cork"}),
        ({"input.value": '{"city": "Cork"}', "tool.parameters": '{"city": "Cork"}'}, None),
        ({"tool.parameters": '{"city": "Cork"}'}, {"city": "Cork"}),
        ({"input.value": "Cork"}, {"input": "Cork"}),
    ],
)
def test_a_tool_has_its_arguments_by_name(given: dict[str, str], inputs: Any) -> None:
    _, content = mapped({"openinference.span.kind": "TOOL", "output.value": "Drizzle."} | given)

    assert content.inputs == (inputs or {"city": "Cork"})
    assert content.outputs == {"output": "Drizzle."}


def test_the_schema_of_a_tool_is_not_what_it_was_asked() -> None:
    schema = {"type": "object", "properties": {"city": {"type": "string"}}}
    _, content = mapped(
        {
            "openinference.span.kind": "TOOL",
            "tool.name": "weather",
            "tool.parameters": json.dumps(schema),
            "input.value": '{"city": "Cork"}',
        }
    )

    assert content.inputs == {"city": "Cork"}
    assert content.config == {"tools": [{"name": "weather", "parameters": schema}]}


def test_an_embedding_is_a_call_of_a_model_that_answers_vectors() -> None:
    request = {"input": ["one", "two"], "encoding_format": "float"}
    facts, content = mapped(
        {
            "openinference.span.kind": "EMBEDDING",
            "embedding.model_name": "text-embedding-3-small",
            "embedding.embeddings.0.embedding.text": "one",
            "embedding.embeddings.0.embedding.vector": [0.5, 0.25],
            "embedding.embeddings.1.embedding.text": "two",
            "embedding.embeddings.1.embedding.vector": [0.125],
            "input.value": json.dumps(request),
            "output.value": json.dumps({"data": [{"embedding": [0.5, 0.25], "index": 0}]}),
            "llm.token_count.prompt": 7,
        }
    )

    assert (facts.event_type, facts.model) == ("model", "text-embedding-3-small")
    assert facts.usage == {"prompt_tokens": 7, "total_tokens": 7}
    assert content.inputs == {"input": ["one", "two"]}
    assert content.outputs == {"embeddings": [[0.5, 0.25], [0.125]]}


def test_a_reranker_is_asked_documents_and_answers_some() -> None:
    facts, content = mapped(
        {
            "openinference.span.kind": "RERANKER",
            "reranker.query": "boats",
            "reranker.model_name": "rerank-3",
            "reranker.top_k": 1,
            "reranker.input_documents.0.document.content": "a",
            "reranker.input_documents.1.document.content": "b",
            "reranker.output_documents.0.document.content": "b",
            "reranker.output_documents.0.document.score": 0.9,
            "reranker.output_documents.0.document.metadata": '{"page": 1}',
        }
    )

    assert (facts.event_type, facts.model) == ("tool", "rerank-3")
    assert content.inputs == {"query": "boats", "documents": [{"content": "a"}, {"content": "b"}]}
    assert content.outputs == {
        "documents": [{"content": "b", "score": 0.9, "metadata": {"page": 1}}]
    }
    assert content.config == {"model": "rerank-3", "top_k": 1}


def test_messages_of_a_framework_inside_of_a_chain_take_their_normal_form() -> None:
    message = {
        "type": "ai",
        "data": {
            "content": "",
            "tool_calls": [{"id": "c1", "name": "look", "args": {"at": 1}, "type": "tool_call"}],
            "response_metadata": {"model_name": "gpt-4o"},
        },
    }
    _, content = mapped(
        {"openinference.span.kind": "CHAIN", "output.value": json.dumps({"messages": [message]})}
    )

    call = {"id": "c1", "name": "look", "arguments": {"at": 1}}
    assert content.outputs["messages"][0]["role"] == "assistant"
    assert content.outputs["messages"][0]["tool_calls"] == [call]
    assert "gpt-4o" in json.dumps(content.metadata["attributes.output.value"])


@pytest.mark.parametrize(
    ("document", "session"),
    [
        ({"thread_id": "t-1"}, "t-1"),
        ({"thread_id": "t-1", "session_id": "s-1"}, "s-1"),
        ({"other": 1}, ""),
    ],
)
def test_the_metadata_of_a_run_may_name_its_session(document: Any, session: str) -> None:
    facts, _ = mapped({"openinference.span.kind": "CHAIN", "metadata": json.dumps(document)})

    assert facts.session_id == session


def test_feedback_on_a_span_is_a_metric() -> None:
    facts, content = mapped(
        {
            "openinference.span.kind": "CHAIN",
            "annotations.0.annotation.name": "grounded",
            "annotations.0.annotation.score": 0.5,
            "evaluations.0.evaluation.name": "tone",
            "evaluations.0.evaluation.label": "kind",
        }
    )

    assert content.metrics == {"grounded": 0.5, "tone": "kind"}
    assert facts.attributes["metrics.grounded"] == 0.5


def test_a_decision_is_a_call_of_a_model() -> None:
    facts, _ = mapped(
        {
            "openinference.span.kind": "DECISION",
            "decision.system": "typesafe",
            "decision.model_name": "jev-1",
            "decision.token_count.input": 5,
            "decision.token_count.output": 2,
        }
    )

    assert (facts.event_type, facts.model, facts.provider) == ("model", "jev-1", "typesafe")
    assert facts.usage == {"prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 7}


def test_an_agents_own_word_about_its_failure_is_told() -> None:
    _, content = mapped(
        {"openinference.span.kind": "AGENT", "output.value": "the backend exploded"},
        code=2,
        message="run status: error",
    )

    assert content.error == "run status: error: the backend exploded"


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"args": [], "kwargs": {"city": "Cork"}}, {"city": "Cork"}),
        ({"args": ["Cork"], "kwargs": {}}, {"args": ["Cork"]}),
    ],
)
def test_the_wrapper_around_a_tool_of_smolagents_is_no_argument(
    given: dict[str, Any], expected: dict[str, Any]
) -> None:
    value = json.dumps(given | {"sanitize_inputs_outputs": True})
    _, event = mapped({"openinference.span.kind": "TOOL", "input.value": value})

    assert event.inputs == expected
    assert event.metadata["attributes.input.value"] == {"sanitize_inputs_outputs": True}


def test_the_roles_of_smolagents_are_those_that_it_sends() -> None:
    roles = ("tool-call", "tool-response")
    asked = {f"llm.input_messages.{i}.message.role": role for i, role in enumerate(roles)}
    asked |= {f"llm.input_messages.{i}.message.content": role for i, role in enumerate(roles)}
    _, event = mapped(LLM | asked)

    assert [m["role"] for m in event.inputs["chat_history"]] == ["assistant", "user"]


def test_the_name_of_a_stream_object_is_no_answer() -> None:
    stream = "<groq.Stream object at 0x7f89f4f93550>"
    _, event = mapped(LLM | {"output.value": stream})

    assert event.outputs == {}
    assert event.metadata["attributes.output.value"] == stream


def test_a_call_that_another_convention_tells_has_messages_for_its_values() -> None:
    _, event = mapped(
        {
            "gen_ai.request.model": "gpt-4o",
            "input.value": json.dumps(REQUEST),
            "output.value": "At the pier.",
        }
    )

    assert event.inputs == {"chat_history": REQUEST["messages"]}
    assert event.outputs == {"role": "assistant", "content": "At the pier."}


def test_the_text_that_titan_completes_is_its_prompt_and_no_parameter() -> None:
    parameters = {"inputText": "Rain?", "textGenerationConfig": {"temperature": 0.3}}
    _, event = mapped(LLM | {"llm.invocation_parameters": json.dumps(parameters)})

    assert event.inputs == {"prompt": "Rain?"}
    assert "inputText" not in event.config


def test_what_was_said_aloud_is_one_object() -> None:
    kind = {"openinference.span.kind": "CHAIN"}
    _, event = mapped(kind | {"output.audio.url": "u", "output.audio.transcript": "Always."})

    assert event.outputs == {"audio": {"url": "u", "transcript": "Always."}}
    assert "output.audio.url" not in event.metadata


COHERE = {
    "message": "Rain?",
    "preamble": "Be brief.",
    "chat_history": [{"role": "USER", "message": "Hello."}, {"role": "CHATBOT", "message": "Hi."}],
}


def test_a_request_to_coheres_first_api_is_a_conversation() -> None:
    _, event = mapped(LLM | {"input.value": json.dumps(COHERE)})

    told = [(m["role"], m["content"]) for m in event.inputs["chat_history"]]
    hello = [("user", "Hello."), ("assistant", "Hi.")]
    assert told == [("system", "Be brief."), *hello, ("user", "Rain?")]


def test_the_instructions_of_gemini_stand_in_its_configuration() -> None:
    contents = [{"role": "user", "parts": [{"text": "Rain?"}]}]
    request = {"contents": contents, "config": {"system_instruction": "Be brief."}}
    _, event = mapped(LLM | {"input.value": json.dumps(request)})

    assert [m["role"] for m in event.inputs["chat_history"]] == ["system", "user"]
