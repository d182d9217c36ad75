"""Strands Agents and Semantic Kernel: what they add to OTel GenAI."""

from mapped_span import mapped

from hh_core.domain.span import SpanEvent

CALL = '[{"toolUse": {"toolUseId": "c1", "name": "scale", "input": {"item": "anchor"}}}]'
ANSWER = '[{"toolResult": {"toolUseId": "c1", "status": "error", "content": [{"text": "Jammed"}]}}]'


def test_a_cycle_of_the_event_loop_is_a_chain_with_what_its_tools_answered() -> None:
    events = [
        SpanEvent("gen_ai.user.message", 1, {"content": '[{"text": "Weigh it."}]'}),
        SpanEvent("gen_ai.choice", 2, {"message": CALL, "tool.result": ANSWER}),
    ]
    facts, content = mapped({"event_loop.cycle_id": "7"}, events)

    assert facts.event_type == "chain"
    assert content.inputs == {"chat_history": [{"role": "user", "content": "Weigh it."}]}
    assert content.outputs["tool_calls"][0]["name"] == "scale"
    assert content.outputs["tool_results"] == [
        {"role": "tool", "tool_call_id": "c1", "content": "Jammed", "status": "error"}
    ]


def test_a_tool_that_answers_with_an_error_has_failed() -> None:
    events = [SpanEvent("gen_ai.choice", 1, {"message": '[{"text": "Jammed"}]'})]
    for key in ("tool.status", "gen_ai.tool.status"):
        tool = {"gen_ai.operation.name": "execute_tool", "gen_ai.tool.name": "scale"}
        facts, content = mapped(tool | {key: "error"}, events, code=1)
        fine, told = mapped(tool | {key: "success"}, events, code=1)

        assert (facts.error_class, content.error) == ("tool_error", "Jammed")
        assert (fine.error_class, told.error) == ("", None)


def test_the_first_releases_have_names_of_their_own() -> None:
    facts, content = mapped(
        {"tool.name": "scale", "tool.id": "c1", "tool.parameters": '{"item": "anchor"}'}
        | {"tool.result": "44 kilograms", "tool.status": "success"}
    )

    assert facts.event_type == "tool"
    assert content.inputs == {"item": "anchor"}
    assert content.outputs == {"result": "44 kilograms"}


def test_the_loop_that_calls_functions_is_a_chain() -> None:
    assert mapped({"sk.available_functions": "weather-get"})[0].event_type == "chain"
