"""MLflow: each value is JSON text, requests and answers are whole."""

import json
from decimal import Decimal
from typing import Any

from mapped_span import mapped

CHAT = {
    "mlflow.spanType": '"CHAT_MODEL"',
    "mlflow.llm.model": '"gpt-4o-2024"',
    "mlflow.llm.cost": '{"total_cost": 0.25}',
    "mlflow.chat.tokenUsage": '{"input_tokens": 8, "output_tokens": 3, "total_tokens": 11}',
    "model": '"gpt-4o"',
    "temperature": "0.5",
    "mlflow.spanInputs": json.dumps(
        {
            "model": "gpt-4o",
            "temperature": 0.5,
            "tools": [{"type": "function"}],
            "messages": [{"role": "user", "content": "Rain in Cork?"}],
        }
    ),
    "mlflow.spanOutputs": json.dumps(
        {
            "id": "chatcmpl-1",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": "Always."},
                }
            ],
        }
    ),
}


def test_a_request_is_taken_apart() -> None:
    facts, event = mapped(CHAT)

    assert (facts.event_type, facts.model, facts.cost) == ("model", "gpt-4o", Decimal("0.25"))
    assert facts.response_id == "chatcmpl-1"
    assert facts.usage == {"prompt_tokens": 8, "completion_tokens": 3, "total_tokens": 11}
    assert event.inputs == {"chat_history": [{"role": "user", "content": "Rain in Cork?"}]}
    assert event.config["temperature"] == 0.5
    assert event.config["tools"] == [{"type": "function"}]
    assert event.metadata["response_model"] == "gpt-4o-2024"


def test_an_answer_is_told_without_what_came_around_it() -> None:
    _, event = mapped(CHAT)

    assert event.outputs == {"role": "assistant", "content": "Always.", "finish_reason": "stop"}
    assert event.metadata["response_id"] == "chatcmpl-1"
    assert "attributes.mlflow.spanOutputs" not in event.metadata


def test_where_nobody_tells_the_asked_model_that_of_the_answer_counts() -> None:
    facts, _ = mapped({key: value for key, value in CHAT.items() if key != "model"})

    assert facts.model == "gpt-4o-2024"


def test_a_tools_result_is_no_json_text() -> None:
    facts, event = mapped(
        {
            "mlflow.spanType": '"TOOL"',
            "mlflow.spanInputs": '{"city": "Cork"}',
            "mlflow.spanOutputs": '"22 degrees"',
        }
    )

    assert facts.event_type == "tool"
    assert (event.inputs, event.outputs) == ({"city": "Cork"}, {"output": "22 degrees"})


def test_responses_input_is_a_conversation_with_its_instructions_first() -> None:
    request = {"instructions": "Be terse.", "input": "Rain?", "text": {"format": {"type": "json"}}}
    items = [
        {"type": "reasoning", "summary": [{"type": "summary_text", "text": "It is Cork."}]},
        {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": "{}"},
    ]
    _, event = mapped(
        CHAT
        | {
            "mlflow.spanInputs": json.dumps(request),
            "mlflow.spanOutputs": json.dumps({"id": "resp_1", "output": items}),
        }
    )

    assert event.inputs == {
        "chat_history": [
            {"role": "system", "content": "Be terse."},
            {"role": "user", "content": "Rain?"},
        ]
    }
    assert event.outputs["tool_calls"] == [{"id": "c1", "name": "weather", "arguments": {}}]
    assert event.outputs["reasoning"] == "It is Cork."
    assert event.config["response_format"] == {"type": "json"}


def test_the_model_is_read_from_a_request_where_nothing_else_tells_it() -> None:
    request = (
        '{"messages": [{"role": "user", "content": "\\"model\\": \\"no\\""}], "model": "gpt-4o"}'
    )
    facts, event = mapped({"mlflow.spanType": '"CHAT_MODEL"', "mlflow.spanInputs": request})

    assert facts.model == "gpt-4o"
    assert event.config["model"] == "gpt-4o"


def asked_and_said(inputs: object, outputs: object, kind: str = "CHAT_MODEL") -> tuple[Any, Any]:
    told = {"mlflow.spanInputs": json.dumps(inputs), "mlflow.spanOutputs": json.dumps(outputs)}
    _, content = mapped(told | {"mlflow.spanType": f'"{kind}"'})
    return content.inputs, content.outputs


def test_geminis_sdk_has_the_systems_words_in_its_config() -> None:
    contents = [{"role": "user", "parts": [{"text": "Rain?"}]}]
    request = {"contents": contents, "config": {"system_instruction": "Be terse.", "top_k": 3}}

    inputs, _ = asked_and_said(request, {})

    roles = [message["role"] for message in inputs["chat_history"]]
    assert roles == ["system", "user"]


def test_coheres_first_api_names_its_messages_otherwise() -> None:
    history = [{"role": "USER", "message": "Hi"}, {"role": "CHATBOT", "message": "Hello"}]

    inputs, outputs = asked_and_said(
        {"message": "Rain?", "chat_history": history, "preamble": "Be terse."}, {"text": "Always."}
    )

    told = [(message["role"], message["content"]) for message in inputs["chat_history"]]
    assert told == [
        ("system", "Be terse."),
        ("user", "Hi"),
        ("assistant", "Hello"),
        ("user", "Rain?"),
    ]
    assert outputs == {"role": "assistant", "content": "Always."}


def test_pictures_beside_a_text_are_parts_of_the_message() -> None:
    message = {"role": "user", "content": "Rain?", "images": ["aGk="]}

    inputs, _ = asked_and_said({"messages": [message]}, {})

    assert inputs["chat_history"][0]["content"] == [
        {"type": "text", "text": "Rain?"},
        {"type": "image", "image": "aGk="},
    ]


def test_a_completion_tells_why_it_ended() -> None:
    choice = {"text": "upon a time", "finish_reason": "length", "index": 0}

    inputs, outputs = asked_and_said({"prompt": "Once"}, {"choices": [choice]}, "LLM")

    assert inputs == {"prompt": "Once"}
    answer = {"role": "assistant", "content": "upon a time", "finish_reason": "length"}
    assert outputs == answer


def test_vectors_stand_without_what_came_with_them() -> None:
    answer = {"data": [{"embedding": [0.5], "index": 0}], "model": "te3", "object": "list"}

    _, outputs = asked_and_said({"input": "Rain?"}, answer, "EMBEDDING")

    assert outputs == {"embeddings": [[0.5]]}


def test_no_answer_is_nothing() -> None:
    assert asked_and_said({"messages": []}, None)[1] == {}
