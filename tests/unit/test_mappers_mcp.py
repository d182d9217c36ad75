"""The Model Context Protocol: requests of clients and servers."""

import json

import pytest
from mapped_span import mapped


@pytest.mark.parametrize(
    ("method", "event_type"),
    [
        ("tools/call", "tool"),
        ("tools/list", "chain"),
        ("initialize", "chain"),
        ("resources/read", "chain"),
        ("prompts/get", "chain"),
    ],
)
def test_only_a_call_of_a_tool_is_one(method: str, event_type: str) -> None:
    assert mapped({"mcp.method.name": method})[0].event_type == event_type


def test_the_id_of_an_mcp_session_is_not_that_of_the_users() -> None:
    facts, content = mapped({"mcp.method.name": "tools/call", "mcp.session.id": "m1"})

    assert facts.session_id == ""
    assert content.metadata["mcp.session.id"] == "m1"


def test_arguments_and_results_are_inputs_and_outputs() -> None:
    text = {"type": "text", "text": "Drizzle."}
    both = {"content": [text], "structuredContent": {"result": "Drizzle."}, "isError": False}
    _, content = mapped(
        {
            "mcp.method.name": "tools/call",
            "mcp.tool.name": "weather",
            "mcp.request.argument.city": "Cork",
            "mcp.request.argument.days": 2,
            "mcp.response.value": json.dumps(both),
        }
    )

    assert content.inputs == {"city": "Cork", "days": 2}
    assert content.outputs == {"result": {"content": [text], "isError": False}}
