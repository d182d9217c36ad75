"""What instrumentors were seen to send, each beside the page that says why."""

import json
from typing import Any

from mapped_span import mapped

from hh_core.domain.span import SpanEvent

CALL = {"id": "tu_1", "name": "get_weather", "arguments": {"city": "Cork"}}
ANSWER = {"role": "tool", "tool_call_id": "tu_1", "content": "22 degrees"}
CHAT = {"gen_ai.operation.name": "chat", "gen_ai.request.model": "m"}


def events(*told: tuple[str, dict[str, Any]]) -> list[SpanEvent]:
    return [SpanEvent(name, time, attributes) for time, (name, attributes) in enumerate(told)]


def test_a_tools_answer_that_botocore_tells_in_two_events_stands_once() -> None:
    """https://github.com/open-telemetry/opentelemetry-python-contrib, botocore ``bedrock_utils``"""
    result = {"toolResult": {"toolUseId": "tu_1", "content": [{"text": "22 degrees"}]}}
    _, event = mapped(
        CHAT,
        events(
            ("gen_ai.user.message", {"content": [{"text": "Rain in Cork?"}]}),
            ("gen_ai.user.message", {"content": [result]}),
            ("gen_ai.tool.message", {"id": "tu_1", "content": [{"text": "22 degrees"}]}),
        ),
    )

    assert event.inputs["chat_history"] == [{"role": "user", "content": "Rain in Cork?"}, ANSWER]


def test_answers_of_tools_without_an_id_are_told_as_often_as_they_came() -> None:
    same = ("gen_ai.tool.message", {"content": "22 degrees"})
    _, event = mapped(CHAT, events(same, same))

    assert [message["content"] for message in event.inputs["chat_history"]] == ["22 degrees"] * 2


def test_a_tools_event_without_content_still_names_its_call() -> None:
    _, event = mapped(CHAT, events(("gen_ai.tool.message", {"id": "tu_1"})))

    assert event.inputs["chat_history"] == [ANSWER | {"content": None}]


def test_langwatchs_contexts_stand_beside_the_output_by_a_name_without_dots() -> None:
    """https://docs.langwatch.ai/integration/python/guide#capturing-a-rag-span"""
    contexts = [{"document_id": "d1", "content": "Cork is rainy"}]
    _, event = mapped(
        {
            "langwatch.span.type": "rag",
            "langwatch.output": '{"type": "text", "value": "found it"}',
            "langwatch.rag_contexts": json.dumps({"type": "json", "value": contexts}),
        }
    )

    assert event.outputs == {"output": "found it", "rag_contexts": contexts}


AGENTOPS_ANTHROPIC = {
    "gen_ai.request.model": "claude-3-5-haiku",
    "gen_ai.prompt.0.role": "user",
    "gen_ai.prompt.0.content": "Rain in Cork?",
    "gen_ai.prompt.0.type": "text",
    "gen_ai.request.tools.0.name": "get_weather",
    "gen_ai.request.tools.0.description": "Weather of a city",
    "gen_ai.request.functions": '["get_weather"]',
    "gen_ai.response.id": "msg_1",
    "gen_ai.completion.0.id": "msg_1",
    "gen_ai.completion.0.role": "assistant",
    "gen_ai.completion.0.finish_reason": "tool_use",
    "gen_ai.completion.0.tool_calls.0.id": "tu_1",
    "gen_ai.completion.0.tool_calls.0.name": "get_weather",
    "gen_ai.completion.0.tool_calls.0.type": "function",
    "gen_ai.completion.0.tool_calls.0.arguments": '{"city": "Cork"}',
}
"""https://github.com/AgentOps-AI/agentops, ``instrumentation/providers/anthropic``"""


def test_the_id_of_a_message_is_no_output() -> None:
    _, event = mapped(AGENTOPS_ANTHROPIC)

    assert event.outputs == {
        "role": "assistant",
        "content": None,
        "tool_calls": [CALL],
        "finish_reason": "tool_use",
    }
    assert event.metadata["response_id"] == "msg_1"


def test_an_id_of_a_message_that_stands_nowhere_else_is_kept() -> None:
    _, event = mapped(AGENTOPS_ANTHROPIC | {"gen_ai.completion.0.id": "item_9"})

    assert "id" not in event.outputs
    assert event.metadata["attributes.gen_ai.completion.N"] == {"id": "item_9"}


def test_numbered_tools_of_a_request_are_what_the_model_was_offered() -> None:
    _, event = mapped(AGENTOPS_ANTHROPIC)

    assert event.config["tools"] == [{"name": "get_weather", "description": "Weather of a city"}]
    assert not any("tools.0" in key for key in event.config)


LANGTRACE = {
    "langtrace.service.name": "Anthropic",
    "langtrace.service.type": "llm",
    "gen_ai.operation.name": "chat",
    "gen_ai.system": "anthropic",
    "gen_ai.request.model": "claude-3-5-haiku",
}
"""https://github.com/Scale3-Labs/langtrace-python-sdk, ``instrumentation/*/patch.py``"""


def prompt(*messages: dict[str, Any]) -> list[SpanEvent]:
    return events(("gen_ai.content.prompt", {"gen_ai.prompt": json.dumps(messages)}))


def test_langtrace_appends_anthropics_system_prompt_which_comes_first() -> None:
    user, system = {"role": "user", "content": "Rain?"}, {"role": "system", "content": "Be terse."}
    _, event = mapped(LANGTRACE, prompt(user, system))

    assert event.inputs == {"chat_history": [system, user]}


def test_langtrace_tells_the_calls_of_tools_as_their_results() -> None:
    block = {"id": "tu_1", "input": {"city": "Cork"}, "name": "get_weather", "type": "tool_use"}
    told = json.dumps(json.dumps(block))
    _, event = mapped(LANGTRACE | {"gen_ai.request.tool_results": told})

    assert event.outputs == {"role": "assistant", "content": None, "tool_calls": [CALL]}
    assert "tool_results" not in event.config


def test_langtrace_tells_instructions_of_responses_apart() -> None:
    asked = {"role": "user", "content": "Rain?"}
    _, event = mapped(LANGTRACE | {"instructions": "Be terse."}, prompt(asked))

    assert event.inputs["chat_history"] == [{"role": "system", "content": "Be terse."}, asked]


def test_langtraces_lists_in_lists_and_texts_of_json_are_opened() -> None:
    tool = {"name": "get_weather", "input_schema": {"type": "object"}}
    embedding = LANGTRACE | {
        "gen_ai.operation.name": "embed",
        "gen_ai.request.embedding_inputs": '[["one", "two"]]',
    }
    texts = prompt({"role": "user", "content": ["one", "two"]})

    assert mapped(embedding, texts)[1].inputs == {"input": ["one", "two"]}
    offered = {"gen_ai.request.tools": json.dumps([json.dumps([tool])])}
    assert mapped(LANGTRACE | offered)[1].config["tools"] == [tool]


AUTOGEN = {
    "openinference.span.kind": "LLM",
    "llm.model_name": "gpt-4o-mini",
    "llm.input_messages.0.message.role": "user",
    "llm.input_messages.0.message.content": "Rain in Cork?",
    "llm.input_messages.1.message.role": "function",
    "llm.input_messages.1.function.0": json.dumps(
        {"name": "get_weather", "content": "22 degrees", "call_id": "tu_1", "is_error": False}
    ),
    "llm.output_messages.0.message.role": "assistant",
    "llm.output_messages.0.message.tool_calls.0.tool_call.id": "tu_1",
    "llm.output_messages.0.message.tool_calls.0.tool_call.function.name": "get_weather",
    "llm.output_messages.0.message.tool_calls.0.tool_call.function.arguments": '{"city": "Cork"}',
    "output.value": json.dumps(
        {
            "finish_reason": "function_calls",
            "content": [{"id": "tu_1", "arguments": '{"city": "Cork"}', "name": "get_weather"}],
        }
    ),
}
"""https://github.com/Arize-ai/openinference, ``openinference-instrumentation-autogen-agentchat``"""


def test_autogens_results_of_functions_are_messages_of_tools() -> None:
    _, event = mapped(AUTOGEN)

    assert event.inputs["chat_history"][1] == ANSWER | {"name": "get_weather"}


def test_autogens_calls_stand_in_place_of_the_answers_text_and_are_told_once() -> None:
    _, event = mapped(AUTOGEN)

    assert (event.outputs["content"], event.outputs["tool_calls"]) == (None, [CALL])


def test_an_agent_of_googles_kit_is_no_call_though_openinference_writes_calls_over_it() -> None:
    """https://github.com/Arize-ai/openinference, ``openinference-instrumentation-google-adk``"""
    attributes = {
        "openinference.span.kind": "LLM",
        "gen_ai.operation.name": "generate_content",
        "gcp.vertex.agent.event_id": "e-1",
        "llm.model_name": "gemini-2.5-flash",
        "llm.token_count.prompt": 9,
    }

    agent, _ = mapped(attributes, name="invoke_agent wx")
    call, _ = mapped(attributes, name="call_llm")

    assert (agent.event_type, agent.usage) == ("chain", {})
    assert (call.event_type, call.usage["prompt_tokens"]) == ("model", 9)


def test_names_and_numbers_of_pydantic_ais_events_are_kept() -> None:
    """https://ai.pydantic.dev/logfire/#configuring-data-format, version 1"""
    told = [
        {"content": "Rain?", "role": "user", "event.name": "gen_ai.user.message"},
        {
            "index": 0,
            "message": {"role": "assistant", "content": "Always."},
            "event.name": "gen_ai.choice",
        },
    ]
    _, event = mapped(CHAT | {"events": json.dumps(told)})

    assert event.outputs == {"role": "assistant", "content": "Always."}
    names = [one["event.name"] for one in event.metadata["attributes.events"]]
    assert names == ["gen_ai.user.message", "gen_ai.choice"]


OPENINFERENCE = {"openinference.span.kind": "LLM", "llm.model_name": "claude-3-5-haiku"}
ASKED = {
    "llm.input_messages.0.message.role": "user",
    "llm.input_messages.0.message.content": "Rain in Cork?",
}
CONVERSATION = [
    {"role": "system", "content": "Be terse."},
    {"role": "user", "content": "Rain in Cork?"},
]


def test_a_system_prompt_that_openinference_takes_for_a_parameter_comes_first() -> None:
    """https://github.com/Arize-ai/openinference, ``openinference-instrumentation-anthropic`` 0.1"""
    parameters = {"llm.invocation_parameters": '{"max_tokens": 50, "system": "Be terse."}'}
    _, event = mapped(OPENINFERENCE | ASKED | parameters)

    assert event.inputs == {"chat_history": CONVERSATION}
    assert event.config["max_tokens"] == 50


def test_a_whole_request_among_the_parameters_is_the_conversation() -> None:
    """https://github.com/Arize-ai/openinference, ``openinference-instrumentation-bedrock`` 0.1"""
    body = {"system": "Be terse.", "messages": [CONVERSATION[1]], "max_tokens": 50}
    _, event = mapped(OPENINFERENCE | {"llm.invocation_parameters": json.dumps(body)})

    assert event.inputs == {"chat_history": CONVERSATION}


def test_a_system_prompt_is_told_once_whichever_attributes_have_it() -> None:
    body = {"system": "Be terse.", "messages": [CONVERSATION[1]]}
    told = {
        "llm.input_messages.0.message.role": "system",
        "llm.input_messages.0.message.content": "Be terse.",
        "llm.input_messages.1.message.role": "user",
        "llm.input_messages.1.message.content": "Rain in Cork?",
        "llm.invocation_parameters": '{"system": "Be terse."}',
        "input.value": json.dumps(body),
    }

    assert mapped(OPENINFERENCE | told)[1].inputs == {"chat_history": CONVERSATION}


ADK = {
    "gen_ai.system": "gcp.vertex.agent",
    "gen_ai.request.model": "gemini-2.0-flash",
    "gcp.vertex.agent.llm_response": json.dumps(
        {
            "content": {"role": "model", "parts": [{"text": 'Always: "usage_metadata": {}'}]},
            "usage_metadata": {"prompt_token_count": 9, "candidates_token_count": 2},
        }
    ),
}
"""https://github.com/google/adk-python, ``telemetry.py`` of 1.0"""


def test_the_first_releases_of_googles_kit_count_tokens_in_the_response() -> None:
    facts, event = mapped(ADK)

    assert facts.usage == {"prompt_tokens": 9, "completion_tokens": 2, "total_tokens": 11}
    assert event.outputs["content"] == 'Always: "usage_metadata": {}'
    assert event.metadata["prompt_tokens"] == 9


def test_attributes_that_count_tokens_tell_more_than_the_response() -> None:
    facts, _ = mapped(ADK | {"gen_ai.usage.input_tokens": 7})

    assert facts.usage["prompt_tokens"] == 7
    assert "completion_tokens" not in facts.usage


def test_a_response_that_was_cut_short_counts_nothing() -> None:
    cut = ADK["gcp.vertex.agent.llm_response"][:-8]

    assert mapped(ADK | {"gcp.vertex.agent.llm_response": cut})[0].usage == {}


LOGFIRE = {
    "logfire.msg_template": "Message with {request_data[model]!r}",
    "logfire.span_type": "span",
    "request_data": json.dumps(
        {"model": "claude-3-5-haiku", "system": "Be terse.", "messages": [CONVERSATION[1]]}
    ),
    "response_data": json.dumps(
        {
            "message": {"role": "assistant", "content": "Always."},
            "usage": {"input_tokens": 9, "output_tokens": 2, "cache_read_input_tokens": 4},
        }
    ),
}
"""https://github.com/pydantic/logfire, ``_internal/integrations/llm_providers`` of 3.0"""


def test_logfires_bodies_alone_tell_model_and_tokens() -> None:
    facts, event = mapped(LOGFIRE)

    assert (facts.event_type, facts.model) == ("model", "claude-3-5-haiku")
    assert facts.usage["prompt_tokens"] == 9
    assert facts.usage["cache_read_tokens"] == 4
    assert event.inputs == {"chat_history": CONVERSATION}
    assert event.outputs == {"role": "assistant", "content": "Always."}


def test_the_model_of_a_long_request_is_found_without_parsing_it() -> None:
    messages = [{"role": "user", "content": '"model": "other" ' + "x" * 10_000}]
    body = json.dumps({"messages": messages, "model": "claude-3-5-haiku"})

    assert mapped(LOGFIRE | {"request_data": body})[0].model == "claude-3-5-haiku"


def test_texts_that_logfire_embeds_are_no_conversation() -> None:
    embedding = {
        **LOGFIRE,
        "gen_ai.request.model": "text-embedding-3-small",
        "request_data": '{"input": ["one", "two"], "model": "text-embedding-3-small"}',
        "response_data": '{"usage": {"prompt_tokens": 9, "total_tokens": 9}}',
    }
    _, event = mapped(embedding)

    assert (event.inputs, event.outputs) == ({"input": ["one", "two"]}, {})


def test_the_last_of_logfires_events_is_the_answer_of_the_responses_api() -> None:
    told = [
        {"event.name": "gen_ai.user.message", "role": "user", "content": "Rain in Cork?"},
        {"event.name": "gen_ai.assistant.message", "role": "assistant", "tool_calls": [CALL]},
        {"event.name": "gen_ai.tool.message", "role": "tool", "id": "tu_1", "content": "22"},
        {"event.name": "gen_ai.assistant.message", "role": "assistant", "content": "Warm."},
    ]
    _, event = mapped(
        {
            "logfire.msg_template": "Responses API with {gen_ai.request.model!r}",
            "gen_ai.request.model": "gpt-4o-mini",
            "events": json.dumps(told),
        }
    )

    assert [message["role"] for message in event.inputs["chat_history"]] == [
        *("user", "assistant", "tool")
    ]
    assert event.inputs["chat_history"][2]["tool_call_id"] == "tu_1"
    assert event.outputs == {"role": "assistant", "content": "Warm."}


def test_messages_that_openlit_joins_to_one_text_are_told_apart() -> None:
    """https://github.com/openlit/openlit, ``instrumentation/openai/utils.py`` of 1.33"""
    joined = "system: Be terse.\nuser: Rain in Cork?\nor in Oslo?"
    attributes = CHAT | {"telemetry.sdk.name": "openlit"}
    told = events(("gen_ai.content.prompt", {"gen_ai.prompt": joined}))

    assert mapped(attributes, told)[1].inputs["chat_history"] == [
        {"role": "system", "content": "Be terse."},
        {"role": "user", "content": "Rain in Cork?\nor in Oslo?"},
    ]
    assert len(mapped(CHAT, told)[1].inputs["chat_history"]) == 1


def test_texts_to_embed_that_openlit_writes_as_python_does_are_a_list() -> None:
    attributes = {
        "gen_ai.operation.name": "embeddings",
        "gen_ai.request.model": "text-embedding-3-small",
        "telemetry.sdk.name": "openlit",
    }
    told = events(("gen_ai.content.prompt", {"gen_ai.prompt": "['one', 'two']"}))

    assert mapped(attributes, told)[1].inputs == {"input": ["one", "two"]}


def test_a_result_that_langfuse_quotes_is_the_text_itself() -> None:
    """https://github.com/langfuse/langfuse-python, ``_client/attributes.py`` of 3.0"""
    told = {"langfuse.observation.type": "span", "langfuse.observation.output": '"Always."'}

    assert mapped(told)[1].outputs == {"output": "Always."}


def test_the_unknown_role_of_langchains_callbacks_is_that_of_a_tool() -> None:
    """https://github.com/traceloop/openllmetry, ``_message_type_to_role``; LangWatch's as well."""
    told = {
        "gen_ai.prompt.0.role": "assistant",
        "gen_ai.prompt.0.content": "Let me see.",
        "gen_ai.prompt.1.role": "unknown",
        "gen_ai.prompt.1.content": "22 degrees",
        "gen_ai.completion.0.role": "unknown",
        "gen_ai.completion.0.content": '""',
        "gen_ai.completion.0.tool_calls.0.id": "tu_1",
        "gen_ai.completion.0.tool_calls.0.name": "get_weather",
        "gen_ai.completion.0.tool_calls.0.arguments": '{"city": "Cork"}',
    }
    _, event = mapped(CHAT | told)

    assert event.inputs["chat_history"][1] == {"role": "tool", "content": "22 degrees"}
    assert event.outputs == {"role": "assistant", "content": None, "tool_calls": [CALL]}


def test_calls_in_the_state_of_a_graph_that_langwatch_tells_are_parsed() -> None:
    called = {"content": "", "tool_calls": [{"name": "get_weather", "args": {"city": "Cork"}}]}
    _, event = mapped(
        {
            "langwatch.span.type": "chain",
            "langwatch.output": json.dumps({"type": "json", "value": {"messages": [called]}}),
        }
    )

    assert event.outputs["messages"][0]["tool_calls"] == [CALL | {"id": None}]


def test_a_tools_message_of_langchain_is_its_result_to_langwatch() -> None:
    told = {"type": "chat_messages", "value": [{"role": "unknown", "content": "22 degrees"}]}
    _, event = mapped({"langwatch.span.type": "tool", "langwatch.output": json.dumps(told)})

    assert event.outputs == {"output": "22 degrees"}


OPENLIT = {"telemetry.sdk.name": "openlit", "gen_ai.sdk.version": "0.3.27"}
"""https://github.com/openlit/openlit, ``instrumentation/langchain``"""


def test_spans_of_langchain_by_openlit_are_what_their_names_say() -> None:
    old = OPENLIT | {"gen_ai.system": "langchain", "gen_ai.request.model": "unknown"}
    told = {
        name: mapped(old | {"gen_ai.operation.name": name})[0].event_type
        for name in ("workflow RunnableSequence", "tool get_weather", "chat gpt-4o-mini")
    }

    assert list(told.values()) == ["chain", "tool", "model"]


def test_inputs_and_outputs_of_openlits_workflows_are_those_of_the_event() -> None:
    told = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.workflow.input": '{"q": "Rain?"}',
        "gen_ai.workflow.output": '"Always."',
    }
    _, event = mapped(OPENLIT | told)

    assert (event.inputs, event.outputs) == ({"q": "Rain?"}, {"output": "Always."})


def test_arguments_of_a_tool_that_python_wrote_are_parsed() -> None:
    told = {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.call.arguments": "{'city': 'Cork'}",
    }

    assert mapped(told)[1].inputs == {"city": "Cork"}


def test_the_text_of_an_answer_without_any_is_none() -> None:
    """LlamaIndex' answer as text: https://github.com/run-llama/llama_index, ``ChatResponse``"""
    called = {key: value for key, value in AUTOGEN.items() if "output_messages" in key}
    _, event = mapped(OPENINFERENCE | called | {"output.value": "assistant: None"})

    assert (event.outputs["content"], event.outputs["tool_calls"]) == (None, [CALL])


def test_a_tool_that_fails_in_an_agent_of_haystack_has_an_error() -> None:
    """https://github.com/deepset-ai/haystack, ``components/agents/tool_calling.py``"""
    told = {
        "haystack.tool.name": "get_weather",
        "haystack.tool.error": True,
        "haystack.agent.step.tool.input": '{"city": "Cork"}',
        "haystack.agent.step.tool.output": '{"error": "no such city"}',
    }
    facts, event = mapped(told)

    assert (facts.event_type, bool(facts.error_class)) == ("tool", True)
    assert event.error == "no such city"
    assert mapped(told | {"haystack.tool.error": False})[1].error is None


def test_counts_of_mlflows_embeddings_stand_in_the_answer() -> None:
    """https://mlflow.org/docs/latest/genai/tracing/integrations/listing/openai/"""
    answer = {"data": [{"embedding": [0.5]}], "usage": {"prompt_tokens": 9, "total_tokens": 9}}
    told = {"mlflow.spanType": '"EMBEDDING"', "mlflow.spanOutputs": json.dumps(answer)}

    assert mapped(told)[0].usage == {"prompt_tokens": 9, "total_tokens": 9}
    chain = told | {"mlflow.spanType": '"CHAIN"'}
    assert mapped(chain)[0].usage == {}
    both = told | {"mlflow.chat.tokenUsage": '{"input_tokens": 7, "output_tokens": 1}'}
    assert mapped(both)[0].usage["prompt_tokens"] == 7


def test_a_tools_output_of_llamaindex_is_told_once() -> None:
    """https://github.com/run-llama/llama_index, ``ToolOutput``"""
    output = {"content": "22 degrees", "tool_name": "get_weather", "raw_output": "22 degrees"}
    told = {"openinference.span.kind": "TOOL", "output.value": json.dumps(output)}

    assert mapped(told)[1].outputs == {"content": "22 degrees", "tool_name": "get_weather"}
    number = told | {"output.value": json.dumps(output | {"raw_output": 22})}
    assert mapped(number)[1].outputs["raw_output"] == 22


def test_the_text_of_a_generation_of_langchain_is_told_once() -> None:
    generation = {"text": "Always.", "generation_info": {"finish_reason": "stop"}}
    output = {"generations": [[generation | {"message": "Always."}]]}
    told = {"langtrace.service.type": "framework", "langchain.outputs": json.dumps(output)}

    assert mapped(told)[1].outputs == {"generations": [[generation]]}


def test_an_answer_of_which_only_the_end_is_told_has_no_content() -> None:
    """https://github.com/traceloop/openllmetry, ``anthropic`` 0.33: calls of tools are left out"""
    _, event = mapped(CHAT | {"gen_ai.completion.0.finish_reason": "tool_use"})

    assert event.outputs == {"role": "assistant", "content": None, "finish_reason": "tool_use"}


def test_steps_of_pydantic_ais_first_releases_hold_others() -> None:
    """https://github.com/pydantic/pydantic-ai, ``_agent_graph.py`` before 1.0"""
    tools = {"tools": ["get_weather"], "logfire.msg": "running 1 tool"}

    assert mapped(tools, scope="pydantic-ai")[0].event_type == "chain"
    assert mapped({"run_step": 1}, scope="pydantic-ai")[0].event_type == "chain"
    assert mapped({"run_step": 1}, scope="shop")[0].event_type == "tool"


def test_a_function_that_takes_nothing_has_no_inputs() -> None:
    """https://github.com/AgentOps-AI/agentops, ``sdk/decorators``"""
    told = {"agentops.span.kind": "agent", "agentops.entity.input": '{"args": [], "kwargs": {}}'}

    assert mapped(told)[1].inputs == {}


def test_a_call_that_is_written_as_python_shows_it_is_a_call() -> None:
    """https://pypi.org/project/opentelemetry-instrumentation-openai-agents-v2/0.1.0/"""
    text = (
        "ResponseFunctionToolCall(arguments='{\"city\": \"Cork\"}', call_id='tu_1', "
        "name='get_weather', type='function_call', id='fc_1', status='completed')"
    )
    said = [{"role": "assistant", "parts": [{"type": "text", "content": text}]}]
    _, event = mapped(CHAT | {"gen_ai.output.messages": json.dumps(said)})
    cut = [{"role": "assistant", "parts": [{"type": "text", "content": text[:40]}]}]

    assert (event.outputs["content"], event.outputs["tool_calls"]) == (None, [CALL])
    _, event = mapped(CHAT | {"gen_ai.output.messages": json.dumps(cut)})
    assert event.outputs["content"] == text[:40]
