"""An OpenAPI document as one page of HTML: rendered here, no script, nothing from elsewhere."""

from collections.abc import Iterator, Mapping
from html import escape
from typing import Any

import orjson

Document = Mapping[str, Any]

_METHODS = ("get", "post", "put", "patch", "delete")
_MAX_DEPTH = 3

_STYLE = """
:root{color-scheme:light dark;--ink:#1c2330;--soft:#5b6577;--line:#dfe3ea;--page:#fff;
--card:#f7f8fa;
--get:#0b6bcb;--post:#1a7f37;--put:#9a6700;--code:#eef1f5}
@media(prefers-color-scheme:dark){:root{--ink:#e3e8f0;--soft:#9aa5b8;--line:#2b3342;--page:#12161d;
--card:#191f29;--get:#6cb6ff;--post:#57c26e;--put:#e0b04c;--code:#222a36}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 system-ui,sans-serif}
.frame{display:grid;grid-template-columns:17rem minmax(0,1fr);max-width:75rem;margin:auto}
nav{position:sticky;top:0;height:100vh;overflow:auto;padding:2rem 1rem;font-size:.85rem;
border-right:1px solid var(--line)}
nav h2{font-size:.75rem;letter-spacing:.06em;text-transform:uppercase;color:var(--soft);
margin:1.4rem 0 .3rem}nav a{display:block;padding:.2rem .4rem;border-radius:.3rem;color:inherit;
text-decoration:none;overflow-wrap:anywhere}nav a:hover,nav a:focus{background:var(--card)}
main{padding:2rem 2rem 6rem}main a{color:var(--get)}
h1{margin:0 0 .3rem;font-size:1.9rem;line-height:1.2}
h2{margin:3rem 0 .5rem;font-size:1.3rem}.soft{color:var(--soft)}
article{border:1px solid var(--line);border-radius:.6rem;margin:1rem 0;padding:1rem 1.2rem;
background:var(--card);scroll-margin-top:1rem}article h3{margin:0;font-size:1rem;
overflow-wrap:anywhere}h4{margin:1rem 0 .3rem;font-size:.85rem;color:var(--soft)}
.method{font:700 .75rem ui-monospace,monospace;text-transform:uppercase;margin-right:.5rem}
.get{color:var(--get)}.post{color:var(--post)}.put,.patch,.delete{color:var(--put)}
code,pre{font:.85rem ui-monospace,monospace}code{background:var(--code);border-radius:.25rem;
padding:.05rem .3rem}pre{background:var(--code);padding:.8rem;border-radius:.4rem;overflow:auto}
table{border-collapse:collapse;width:100%;font-size:.9rem}td{padding:.35rem .5rem .35rem 0;
vertical-align:top;border-top:1px solid var(--line);overflow-wrap:anywhere}
td:first-child{width:32%}.old{text-decoration:line-through}
@media(max-width:50rem){.frame{display:block}nav{position:static;height:auto;border:0;
border-bottom:1px solid var(--line);padding:1rem}main{padding:1rem 1rem 4rem}
article{padding:.8rem}}
"""


def reference_page(document: Document) -> str:
    """The whole page; everything from the document is escaped."""
    info = document["info"]
    title = escape(info["title"])
    body = "".join(_sections(document))
    schemas = "".join(_schemas(document))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{title}</title><style>{_STYLE}</style></head><body><div class=frame>"
        f"<nav aria-label=Contents>{_contents(document)}</nav><main><h1>{title}</h1>"
        f"<p class=soft>Version {escape(info['version'])} · "
        f'<a href="openapi.json">openapi.json</a></p><p>{_prose(info.get("description", ""))}</p>'
        f"{body}<h2 id=schemas>Schemas</h2>{schemas}</main></div></body></html>"
    )


def _contents(document: Document) -> str:
    parts = []
    for tag, operations in _by_tag(document).items():
        parts.append(f"<h2>{escape(tag)}</h2>")
        for method, path, operation in operations:
            parts.append(
                f'<a href="#{_anchor(operation)}"><span class="method {method}">{method}</span>'
                f"{escape(path)}</a>"
            )
    return "".join(parts) + '<h2>Reference</h2><a href="#schemas">Schemas</a>'


def _sections(document: Document) -> Iterator[str]:
    described = {tag["name"]: tag.get("description", "") for tag in document.get("tags", ())}
    for tag, operations in _by_tag(document).items():
        yield f"<h2>{escape(tag)}</h2><p class=soft>{_prose(described.get(tag, ''))}</p>"
        for method, path, operation in operations:
            yield _operation(document, method, path, operation)


def _by_tag(document: Document) -> dict[str, list[tuple[str, str, Document]]]:
    found: dict[str, list[tuple[str, str, Document]]] = {
        tag["name"]: [] for tag in document.get("tags", ())
    }
    for path, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                tag = (item[method].get("tags") or ["Other"])[0]
                found.setdefault(tag, []).append((method, path, item[method]))
    return {tag: operations for tag, operations in found.items() if operations}


def _operation(document: Document, method: str, path: str, operation: Document) -> str:
    old = " class=old" if operation.get("deprecated") else ""
    parts = [
        f'<article id="{_anchor(operation)}"><h3><span class="method {method}">{method}</span>'
        f"<code{old}>{escape(path)}</code></h3><p><b>{escape(operation.get('summary', ''))}</b> "
        f"{_prose(operation.get('description', ''))}</p>"
    ]
    if operation.get("parameters"):
        rows = (_parameter(document, item) for item in operation["parameters"])
        parts.append(f"<h4>Parameters</h4><table>{''.join(rows)}</table>")
    if "requestBody" in operation:
        parts += _media(document, "Request", operation["requestBody"]["content"])
    rows = (
        f"<tr><td><code>{escape(status)}</code></td><td>{_prose(answer.get('description', ''))}"
        f"{_answer_type(answer)}</td></tr>"
        for status, answer in (
            (status, _resolved(document, answer))
            for status, answer in sorted(operation["responses"].items())
        )
    )
    parts.append(f"<h4>Answers</h4><table>{''.join(rows)}</table></article>")
    return "".join(parts)


def _parameter(document: Document, parameter: Document) -> str:
    parameter = _resolved(document, parameter)
    needed = "" if parameter.get("required") else " <span class=soft>optional</span>"
    return (
        f"<tr><td><code>{escape(parameter['name'])}</code> "
        f"<span class=soft>{escape(parameter['in'])}</span>{needed}</td>"
        f"<td>{_type(parameter.get('schema', {}))} {_prose(parameter.get('description', ''))}"
        "</td></tr>"
    )


def _media(document: Document, title: str, content: Document) -> Iterator[str]:
    for media, part in content.items():
        schema = part.get("schema", {})
        yield f"<h4>{title} <code>{escape(media)}</code> {_type(schema)}</h4>"
        yield _properties(document, schema)
        if "example" in part:
            text = orjson.dumps(part["example"], option=orjson.OPT_INDENT_2).decode()
            yield f"<pre>{escape(text)}</pre>"


def _answer_type(answer: Document) -> str:
    schemas = [part.get("schema", {}) for part in answer.get("content", {}).values()]
    return "".join(f"<br>{_type(schema)}" for schema in schemas[:1])


def _schemas(document: Document) -> Iterator[str]:
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        yield (
            f'<article id="schema-{escape(name)}"><h3>{escape(name)}</h3>'
            f"<p>{_prose(schema.get('description', ''))}</p>{_properties(document, schema)}"
            "</article>"
        )


def _properties(document: Document, schema: Document, depth: int = 0) -> str:
    rows = []
    required = schema.get("required", ())
    for name, below in schema.get("properties", {}).items():
        mark = " <span class=soft>required</span>" if name in required else ""
        inner = _properties(document, below, depth + 1) if depth < _MAX_DEPTH else ""
        rows.append(
            f"<tr><td><code>{escape(name)}</code>{mark}</td>"
            f"<td>{_type(below)} {_prose(below.get('description', ''))}{inner}</td></tr>"
        )
    for part in (*schema.get("allOf", ()), *schema.get("anyOf", ())):
        if "properties" in part and depth < _MAX_DEPTH:
            rows.append(f"<tr><td colspan=2>{_properties(document, part, depth + 1)}</td></tr>")
    return f"<table>{''.join(rows)}</table>" if rows else ""


def _type(schema: Document) -> str:
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#schema-{name}">{name}</a>'
    if "anyOf" in schema or "allOf" in schema:
        joint = " or " if "anyOf" in schema else " with "
        return joint.join(_type(part) for part in schema.get("anyOf", schema.get("allOf", ())))
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    kind = schema.get("type", "any")
    text = " or ".join(kind) if isinstance(kind, list) else str(kind)
    if "enum" in schema:
        text += ": " + ", ".join(str(value) for value in schema["enum"])
    return f"<span class=soft>{escape(text)}</span>"


def _resolved(document: Document, item: Document) -> Document:
    """What a reference within the document stands for."""
    if "$ref" not in item:
        return item
    found: Any = document
    for part in item["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return dict(found)


def _anchor(operation: Document) -> str:
    return escape(str(operation["operationId"]), quote=True)


def _prose(text: str) -> str:
    """Text with `code` in backticks."""
    pieces = escape(text).split("`")
    return "".join(
        f"<code>{piece}</code>" if index % 2 else piece for index, piece in enumerate(pieces)
    )
