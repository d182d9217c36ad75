"""Pydantic AI, in all versions of its instrumentation."""

import json

from mapped_span import mapped

MESSAGES = [
    {"role": "user", "parts": [{"type": "text", "content": "Rain?"}]},
    {"role": "assistant", "parts": [{"type": "text", "content": "Drizzle."}]},
]
RUN = {"model_name": "gpt-4o", "agent_name": "forecaster"}
ASKED = [{"role": "system", "content": "Be terse."}, {"role": "user", "content": "Rain?"}]


def test_a_run_is_a_chain_that_gives_its_answer_once() -> None:
    facts, content = mapped(
        RUN
        | {
            "gen_ai.operation.name": "invoke_agent",
            "pydantic_ai.all_messages": json.dumps(MESSAGES),
            "gen_ai.system_instructions": '[{"type": "text", "content": "Be terse."}]',
            "final_result": "Drizzle.",
        }
    )

    assert facts.event_type == "chain"
    assert content.inputs == {"chat_history": ASKED}
    assert content.outputs == {"role": "assistant", "content": "Drizzle."}


def test_a_structured_result_is_the_output_of_its_run() -> None:
    _, content = mapped(
        RUN | {"pydantic_ai.all_messages": json.dumps(MESSAGES), "final_result": '{"rain": true}'}
    )

    assert content.outputs == {"result": {"rain": True}}
    assert len(content.inputs["chat_history"]) == 2


def test_the_first_version_tells_messages_as_a_list_of_events() -> None:
    told = [
        {"event.name": "gen_ai.system.message", "content": "Be terse.", "role": "system"},
        {"event.name": "gen_ai.user.message", "content": "Rain?", "role": "user"},
    ]
    said = {"event.name": "gen_ai.choice", "index": 0} | {
        "message": {"role": "assistant", "content": "Drizzle."}
    }
    call = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "gpt-4o"}
    _, content = mapped(call | {"events": json.dumps([*told, said])})
    last = {"event.name": "gen_ai.assistant.message", "role": "assistant", "content": "Drizzle."}
    facts, run = mapped(RUN | {"all_messages_events": json.dumps([*told, last])})

    assert facts.event_type == "chain"
    for found in (content, run):
        assert found.inputs == {"chat_history": ASKED}
        assert found.outputs == {"role": "assistant", "content": "Drizzle."}


def test_older_tools_have_names_of_their_own() -> None:
    facts, content = mapped(
        {"gen_ai.tool.name": "weather", "tool_arguments": '{"city":"Cork"}'}
        | {"tool_response": "Drizzle."}
    )

    assert facts.event_type == "tool"
    assert (content.inputs, content.outputs) == ({"city": "Cork"}, {"result": "Drizzle."})


def test_an_attribute_that_happens_to_be_called_events_is_let_be() -> None:
    _, alone = mapped({"events": "[1]"})
    _, beside = mapped({"gen_ai.system": "openai", "events": '["opened", "closed"]'})

    assert alone.metadata["events"] == "[1]"
    assert beside.metadata["attributes.events"] == ["opened", "closed"]


def test_what_a_tool_answered_is_told_once_also_where_logfire_tells_it() -> None:
    told = {"gen_ai.tool.name": "rain", "tool_arguments": "{}", "tool_response": "Drizzle."}

    for beside in ({}, {"logfire.msg": "running tool"}):
        _, content = mapped(told | beside)

        assert list(content.outputs.values()) == ["Drizzle."]
