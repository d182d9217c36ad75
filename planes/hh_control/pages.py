"""The pages a control plane renders itself: how it is, its API reference, and what stands in for
the web application where that is not built. No script."""

import re
import secrets
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib.metadata import version
from typing import Any

from aiohttp import web

from hh_control.lags import Lag
from hh_control.style import STYLE
from hh_core.domain import policy
from hh_core.domain.policy import Audience, Plane

_SENTENCES = 3
_CONCERNS = {
    "/sign-": "Signing in",
    "/v1/me": "Signing in",
    "/tokens": "Signing in",
    "/members": "Members",
    "/invitations": "Members",
    "/keys": "API keys",
    "/data-planes": "Data planes",
    "/audit": "Audit",
    "/v1/orgs": "Organisations, workspaces, projects",
    "/v1/workspaces": "Organisations, workspaces, projects",
    "/v1/projects": "Organisations, workspaces, projects",
    "/v1/analytics": "Telemetry",
    "/v1/dead-letters": "Telemetry",
    "": "This plane",
}
"""Part of a path, and the heading under which its operations stand; the first that fits."""
_METHODS = ("get", "post", "put", "patch", "delete")


def status_page(name: str, lags: Sequence[Lag]) -> web.Response:
    """Name, version, where to read on, and whether data planes are up to date. Anybody may see it:
    which ones there are, and how far behind, is for their organisations' administrators."""
    body = f"""
<header><p class="eyebrow">Control plane</p><h1>{escape(name)}</h1>
<p class="quiet">Version {escape(version("hh-platform"))}</p></header>
<nav><a class="card" href="docs"><strong>API reference</strong>
<span>People, projects, questions about telemetry</span></a>
<a class="card" href="openapi.json"><strong>OpenAPI</strong>
<span>The same, for tools</span></a>
<a class="card" href="v1/boundary"><strong>Boundary</strong>
<span>The 24 columns that reach this plane, and what never does</span></a></nav>
<section><h2>Data planes</h2>{_health(lags)}</section>"""
    return _page(name, body)


def unbuilt_page() -> web.Response:
    """For somebody who runs a source tree: the wheel holds the application."""
    body = """
<header><p class="eyebrow">Control plane</p><h1>The web application is not built</h1>
<p class="quiet">The platform runs; its pages are missing.</p></header>
<p>In the source tree, type <code>make web</code>, then load this page again.</p>
<nav><a class="card" href="/status"><strong>Status</strong>
<span>This plane and its data planes</span></a>
<a class="card" href="/docs"><strong>API reference</strong>
<span>All that the application could show</span></a></nav>"""
    return _page("The web application is not built", body)


def reference_page(document: Mapping[str, Any]) -> web.Response:
    """An OpenAPI document, readable: every operation with its parameters, bodies and answers."""
    info = document["info"]
    operations = [
        (path, method, item[method])
        for path, item in document["paths"].items()
        for method in _METHODS
        if method in item
    ]
    paragraphs = "".join(f"<p>{escape(each)}</p>" for each in _paragraphs(info["description"]))
    body = f"""
<header><p class="eyebrow"><a href="status">Control plane</a></p><h1>{escape(info["title"])}</h1>
<p class="quiet">Version {escape(info["version"])}</p>{paragraphs}</header>
<section><h2>Operations</h2>{"".join(_index(operations))}</section>
{"".join(_operation(*operation) for operation in operations)}
<section><h2>Schemas</h2>{"".join(_schemas(document))}</section>"""
    return _page(info["title"], body)


def _paragraphs(text: str) -> Iterator[str]:
    """A few sentences each, so that a long description can be read."""
    sentences = re.split(r"(?<=\.) (?=[A-Z])", text)
    for start in range(0, len(sentences), _SENTENCES):
        yield " ".join(sentences[start : start + _SENTENCES])


def _index(operations: Sequence[tuple[str, str, Mapping[str, Any]]]) -> Iterator[str]:
    """What can be asked, by what it concerns; the plane itself last."""
    groups: dict[str, list[str]] = {name: [] for name in _CONCERNS.values()}
    for path, method, operation in operations:
        name = operation["operationId"]
        line = f"{method.upper()} {path}"
        groups[_concern(path)].append(
            f'<li><a href="#{name}"><strong>{escape(operation["summary"].rstrip("."))}</strong>'
            f"<code>{escape(line)}</code></a></li>"
        )
    for title, items in groups.items():
        if items:
            yield f'<h3>{title}</h3><ul class="index">{"".join(items)}</ul>'


def _concern(path: str) -> str:
    return next(title for part, title in _CONCERNS.items() if part in path)


def _health(lags: Sequence[Lag]) -> str:
    if not lags:
        return '<p class="quiet">No data plane has called yet.</p>'
    dot, state = "good", "Up to date"
    if not all(lag.is_current for lag in lags):
        dot, state = "late", "Behind"
    return f'<div class="row"><span class="dot {dot}"></span><span>{state}</span></div>'


def _operation(path: str, method: str, operation: Mapping[str, Any]) -> str:
    parts = [
        f'<section class="operation" id="{operation["operationId"]}">',
        f"<h2><code>{method.upper()}</code> {escape(path)}</h2>",
        f"<p>{escape(operation['summary'])}</p>",
    ]
    if "description" in operation:
        parts.append(f'<p class="quiet">{escape(operation["description"])}</p>')
    parts.append(f"<p>{_security(operation)}</p>")
    if parameters := operation.get("parameters"):
        rows = "".join(
            f"<tr><td><code>{escape(item['name'])}</code></td><td>{escape(item['in'])}</td>"
            f"<td>{_type(item['schema'])}</td><td>{escape(item.get('description', ''))}</td></tr>"
            for item in parameters
        )
        parts.append(f"<h3>Parameters</h3><table>{rows}</table>")
    if "requestBody" in operation:
        parts.append(f"<h3>Body</h3><p>{_content(operation['requestBody'])}</p>")
    answers = "".join(
        f"<tr><td><code>{status}</code></td><td>{escape(_text(answer))}</td>"
        f"<td>{_content(answer)}</td></tr>"
        for status, answer in operation["responses"].items()
    )
    return "".join([*parts, f"<h3>Answers</h3><table>{answers}</table></section>"])


def _security(operation: Mapping[str, Any]) -> str:
    rule = policy.operation(Plane.CONTROL, operation["operationId"])
    if rule.audience is Audience.PUBLIC:
        return "Open to anybody."
    if rule.audience is Audience.PERSON:
        return "For whoever has signed in, about himself."
    roles = " or ".join(f"<code>{escape(role)}</code>" for role in sorted(rule.roles))
    keys = " or ".join(escape(kind) for kind in sorted(rule.keys))
    return f"Takes the role {roles}, " + (f"or a key: {keys}." if keys else "and no key.")


def _text(answer: Mapping[str, Any]) -> str:
    if "$ref" in answer:
        return str(answer["$ref"]).rpartition("/")[2]
    return str(answer["description"])


def _content(holder: Mapping[str, Any]) -> str:
    return ", ".join(
        f"{escape(media)} {_type(content['schema'])}"
        for media, content in holder.get("content", {}).items()
    )


def _schemas(document: Mapping[str, Any]) -> Iterator[str]:
    for name, schema in document["components"]["schemas"].items():
        required = schema.get("required", ())
        rows = "".join(
            f"<tr><td><code>{escape(field)}</code>{'' if field in required else ' (optional)'}</td>"
            f"<td>{_type(item)}</td><td>{escape(item.get('description', ''))}</td></tr>"
            for field, item in schema.get("properties", {}).items()
        )
        text = escape(schema.get("description", ""))
        yield f'<h3 id="{name}">{name}</h3><p class="quiet">{text}</p><table>{rows}</table>'


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        name = escape(str(schema["$ref"]).rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "items" in schema:
        return f"list of {_type(schema['items'])}"
    if "enum" in schema:
        return " | ".join(f"<code>{escape(str(value))}</code>" for value in schema["enum"])
    kind = schema.get("type", "any")
    kinds = " or ".join(kind) if isinstance(kind, list) else kind
    return escape(f"{kinds} ({schema['format']})" if "format" in schema else kinds)


def _page(title: str, body: str) -> web.Response:
    nonce = secrets.token_urlsafe(16)
    text = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<title>{escape(title)}</title><style nonce="{nonce}">{STYLE}</style></head>'
        f"<body><main>{body}</main></body></html>"
    )
    policy = (
        f"default-src 'none'; style-src 'nonce-{nonce}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )
    return web.Response(
        text=text, content_type="text/html", headers={"Content-Security-Policy": policy}
    )
