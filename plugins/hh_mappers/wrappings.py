"""What LangChain's callbacks and OpenLLMetry's decorators wrap arguments and results in.

``{inputs, tags, metadata, kwargs}`` or ``{input_str, …}``, ``{args, kwargs}``, ``{output, …}``.
"""

from collections.abc import Mapping

from hh_core.domain.event import Json
from hh_mappers.framework_messages import unwrapped
from hh_mappers.literals import literal

_NOTES = frozenset({"tags", "metadata", "kwargs"})


def given_in(value: Json) -> Json:
    """The arguments themselves, out of either wrapping."""
    found = given_to_run(value)
    if found is not value or not isinstance(value, Mapping):
        return found
    if value.keys() == {"inputs"}:
        return value["inputs"]
    if value.keys() <= {"args", "kwargs"} and isinstance(value.get("kwargs"), Mapping):
        args = value.get("args")
        return {**({"args": args} if args else {}), **value["kwargs"]}
    return value


def given_to_run(value: Json) -> Json:
    """The arguments out of LangChain's wrapping, which nobody takes for arguments."""
    if not isinstance(value, Mapping) or _NOTES.isdisjoint(value):
        return value
    if isinstance(value.get("input_str"), str):
        found = literal(value["input_str"])
        return value["input_str"] if found is None else found
    return value["inputs"] if "inputs" in value and value.keys() - _NOTES == {"inputs"} else value


def given_by_name(value: Json) -> Json:
    """The arguments of a Python function that was called with names alone."""
    is_call = isinstance(value, Mapping) and value.keys() == {"args", "kwargs"}
    return value["kwargs"] if is_call and not value["args"] and value["kwargs"] else value


def gave_in(value: Json) -> Json:
    """The result itself; of a tool's message what it says."""
    if isinstance(value, Mapping):
        for key in ("outputs", "output"):
            if key in value and value.keys() <= {key, "kwargs"}:
                return _said(value[key])
    return value


def _said(value: Json) -> Json:
    message = unwrapped(value)
    is_tools = isinstance(message, Mapping) and message.get("role") in ("tool", "ToolMessage")
    return message.get("content") if is_tools and message is not value else value
