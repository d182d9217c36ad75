"""Where OpenInference's large values belong: conversations, documents, vectors, whole requests."""

from collections.abc import Mapping

from hh_core.domain.event import Content, Json
from hh_core.domain.span import Attributes, Span
from hh_mappers.leftovers import leave
from hh_mappers.literals import unpacked_literal
from hh_mappers.messages import answer, tool_call
from hh_mappers.openinference_messages import inner, messages, table
from hh_mappers.placing import numbered, offer, offer_answer
from hh_mappers.reading import plain, structured, unpacked
from hh_mappers.requests import SYSTEM, asked_of, instruct

PARAMETERS = ("llm.invocation_parameters", "embedding.invocation_parameters")
_SPOKEN = ("instructions", "system", "system_instruction", "system_prompt", "messages", "input")
_OFFERS = {
    "tools": "tools",
    "functions": "tools",
    "response_format": "response_format",
    "response_schema": "response_format",
    "text_format": "response_format",
}
_TEXT = "inputText"
"""The prompt of Amazon's Titan, which Bedrock's instrumentor takes for a parameter."""
OFFERED = frozenset((*_OFFERS, *_SPOKEN, "prompt", "contents", _TEXT))
"""Parameters that are documents or are said to the model: no settings."""

_OWN_MIME = frozenset({"value", "mime_type"})
_ERROR = 2


def place(span: Span, content: Content) -> None:
    attributes = span.attributes
    families = {key.partition(".")[0] for key in attributes}
    for needed, step in _STEPS:
        if not needed.isdisjoint(families):
            step(attributes, content)
    _explain(span, content)


def _converse(attributes: Attributes, content: Content) -> None:
    """Messages, or the prompt and the choices of a completion."""
    asked = messages(attributes, "llm.input_messages.", role="user")
    if asked:
        offer(content, "inputs", "chat_history", asked, origin="llm.input_messages")
    said = answer(messages(attributes, "llm.output_messages.", role="assistant"))
    called = structured(attributes.get("llm.function_call"))
    if isinstance(called, Mapping) and called.get("name") and not said.get("tool_calls"):
        call = tool_call(called.get("id"), called.get("name"), called.get("arguments"))
        said = {"role": "assistant", "content": None, **said, "tool_calls": [call]}
    elif "llm.function_call" in attributes:
        leave(content, "llm.function_call", plain(attributes["llm.function_call"]))
    for told, origin in ((said, "llm.output_messages"), (_completion(attributes), "llm.choices")):
        if told:
            if reason := plain(attributes.get("llm.finish_reason")):
                told.setdefault("finish_reason", reason)
            offer_answer(content, told, origin=origin)
    if prompts := _texts(attributes, "llm.prompts", "prompt"):
        offer(content, "inputs", "prompt", _one(prompts), origin="llm.prompts")


def _completion(attributes: Attributes) -> dict[str, Json]:
    said = _texts(attributes, "llm.choices", "completion")
    return answer([{"role": "assistant", "content": text} for text in said])


def _texts(attributes: Attributes, key: str, name: str) -> list[Json]:
    """The texts of ``<key>.<i>.<name>.text``, or of a list under the key itself."""
    items = [*table(attributes, f"{key}."), *_list_of(attributes, key)]
    inners = [inner(item, name) for item in items]
    return [i["text"] if isinstance(i, Mapping) and i.keys() == {"text"} else i for i in inners]


def _list_of(attributes: Attributes, key: str) -> list[Json]:
    """The list that stands under the key itself; one value is a list of one."""
    found = unpacked(attributes.get(key))
    return found if isinstance(found, list) else [] if found is None else [found]


def _one(items: list[Json]) -> Json:
    return items[0] if len(items) == 1 else items


def _parameters(attributes: Attributes, content: Content) -> None:
    """What ``facts`` has left of the parameters: tools and formats, and what the model was told."""
    for key in PARAMETERS:
        found = structured(attributes.get(key))
        if not isinstance(found, Mapping):
            continue
        for name in OFFERED & found.keys():
            if name in _OFFERS:
                offer(content, "config", _OFFERS[name], found[name], origin=f"{key}.{name}")
        if found.get(_TEXT) and not content.inputs:
            offer(content, "inputs", "prompt", found[_TEXT], origin=f"{key}.{_TEXT}")
        told = asked_of(found)
        if "chat_history" in content.inputs:
            instruct(content.inputs["chat_history"], told)
        elif told and told[-1]["role"] not in SYSTEM and not content.inputs:
            offer(content, "inputs", "chat_history", told, origin=key)
        spoken = {name: found[name] for name in sorted(OFFERED & found.keys() - _OFFERS.keys())}
        if spoken:
            leave(content, key, spoken)


def _offers(attributes: Attributes, content: Content) -> None:
    """Tools and the prompt's template."""
    tools = [_definition(item) for item in table(attributes, "llm.tools.")]
    if tools := [*tools, *_list_of(attributes, "llm.tools")]:
        offer(content, "config", "tools", tools, origin="llm.tools")
    prefix = "llm.prompt_template."
    template = {
        key[len(prefix) :]: unpacked(attributes[key])
        for key in attributes
        if key.startswith(prefix)
    }
    if template:
        offer(content, "config", "prompt_template", template, origin=prefix[:-1])


def _definition(item: Json) -> Json:
    """``{tool: {json_schema, name, description}}`` as the schema, with what it does not say."""
    tool = inner(item, "tool")
    if not isinstance(tool, dict) or "json_schema" not in tool:
        return tool
    schema = unpacked(tool.pop("json_schema"))
    if not isinstance(schema, Mapping):
        return {**tool, "json_schema": schema}
    if "parameters" in schema or "function" in schema or "input_schema" in schema:
        return {**{key: item for key, item in tool.items() if not _says(schema, key)}, **schema}
    return {**tool, "parameters": schema} if tool else schema


def _says(schema: Mapping[str, Json], key: str) -> bool:
    function = schema.get("function")
    return key in schema or (isinstance(function, Mapping) and key in function)


def _embeddings(attributes: Attributes, content: Content) -> None:
    """Texts are asked, vectors answered."""
    items = [inner(item, "embedding") for item in table(attributes, "embedding.embeddings.")]
    if not items:
        return
    texts = [item["text"] for item in items if isinstance(item, Mapping) and "text" in item]
    vectors = [item["vector"] for item in items if isinstance(item, Mapping) and "vector" in item]
    if texts:
        offer(content, "inputs", "input", _one(texts), origin="embedding.embeddings")
    if vectors:
        offer(content, "outputs", "embeddings", vectors, origin="embedding.embeddings")
    leave(content, "embedding.embeddings", items)


def _found(attributes: Attributes, content: Content) -> None:
    """Documents of retrievers and rerankers."""
    for prefix, bucket in (
        ("retrieval.documents.", "outputs"),
        ("reranker.input_documents.", "inputs"),
        ("reranker.output_documents.", "outputs"),
    ):
        documents = [_document(item) for item in table(attributes, prefix)]
        if documents:
            offer(content, bucket, "documents", documents, origin=prefix[:-1])
    if "reranker.query" in attributes:
        query = plain(attributes["reranker.query"])
        offer(content, "inputs", "query", query, origin="reranker.query")


def _document(item: Json) -> Json:
    document = inner(item, "document")
    if isinstance(document, dict) and isinstance(document.get("metadata"), str):
        document["metadata"] = unpacked(document["metadata"])
    return document


def _media(attributes: Attributes, content: Content) -> None:
    """``input.images.<i>.image.url`` and the like, of spans of any kind."""
    for side, bucket in (("input", "inputs"), ("output", "outputs")):
        names = {
            key.split(".", 2)[1]
            for key in attributes
            if key.startswith(f"{side}.") and key.split(".", 3)[2:3] and key.count(".") > 1
        }
        for name in sorted(names - _OWN_MIME):
            items = _media_of(attributes, f"{side}.{name}.", name.removesuffix("s"))
            if is_conversation(content, bucket):
                leave(content, f"{side}.{name}", items)
            elif items:
                offer(content, bucket, name, items, origin=f"{side}.{name}")


def _media_of(attributes: Attributes, prefix: str, name: str) -> Json:
    """The objects below ``prefix``, or the one whose members stand there without a number."""
    members = dict(numbered(attributes, prefix))
    if not any(key[:1].isdecimal() for key in members):
        return members
    return [inner(item, name) for item in table(attributes, prefix)]


def is_conversation(content: Content, bucket: str) -> bool:
    values = getattr(content, bucket)
    return "chat_history" in values or "role" in values or "prompt" in values


def _tool(attributes: Attributes, content: Content) -> None:
    """``tool.parameters``: the arguments of a call, or the schema of what the tool takes."""
    if "tool.parameters" not in attributes:
        return
    value = unpacked_literal(attributes["tool.parameters"])
    is_schema = isinstance(value, Mapping) and isinstance(value.get("properties"), Mapping)
    if is_schema:
        offer(content, "config", "tools", [_schema(attributes, value)], origin="tool.parameters")
    elif isinstance(value, Mapping) and not _said_by_input(attributes):
        for name, item in value.items():
            offer(content, "inputs", name, item, origin=f"tool.parameters.{name}")
    elif not _said_by_input(attributes):
        offer(content, "inputs", "parameters", value, origin="tool.parameters")


def _schema(attributes: Attributes, parameters: Json) -> Json:
    name = plain(attributes.get("tool.name"))
    return {**({"name": name} if name else {}), "parameters": parameters}


def _said_by_input(attributes: Attributes) -> bool:
    return bool(attributes.get("input.value"))


def _explain(span: Span, content: Content) -> None:
    """Agno puts the text of an error into the output, and ``run status: error`` beside it."""
    output = span.attributes.get("output.value")
    is_told = span.status_code == _ERROR and span.status_message.startswith("run status")
    if is_told and isinstance(output, str) and output and content.error is None:
        content.error = f"{span.status_message}: {output}"


_STEPS = (
    (frozenset({"llm"}), _converse),
    (frozenset({"llm", "embedding"}), _parameters),
    (frozenset({"llm"}), _offers),
    (frozenset({"embedding"}), _embeddings),
    (frozenset({"retrieval", "reranker"}), _found),
    (frozenset({"input", "output"}), _media),
    (frozenset({"tool"}), _tool),
)
"""In their order, each with what the keys begin with that it has work to do for: most spans have
none for most of them."""
