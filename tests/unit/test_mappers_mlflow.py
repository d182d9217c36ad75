"""MLflow: each value is JSON text, requests and answers are whole."""

import json
from decimal import Decimal

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
