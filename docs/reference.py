"""Write ``docs/configuration.md`` from the settings models: ``make docs``.

A test fails while the file differs from what the models say, so no setting is undocumented.
"""

import ast
import inspect
import sys
import textwrap
from collections.abc import Iterator, Mapping
from enum import Enum
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from hh_control.config import ControlPlaneConfig
from hh_core.registry import PORTS, find, group
from hh_data.config import DataPlaneConfig
from hh_runtime.config import AdapterTable

TARGET = Path(__file__).with_name("configuration.md")

INTRODUCTION = """\
# Configuration reference

One TOML file per process (several processes may share one; `services` says which run). In a port's
table, `adapter` picks the technology and the rest of the table is that adapter's own. Values may
say `${env:NAME}` or `${file:/run/secrets/x}`; a name that is not set is an error, never an empty
text. Check a file, and that every backend answers, before you start it:

```console
$ hh check data-plane.toml
```

A mistake stops the process with status 78 and is named with its line of remedy; all mistakes are
named at once. `--set queue.timeout_seconds=20` overrides one value for a person at a terminal.

This page is made from the settings models by `make docs`.
"""


def pages() -> str:
    parts = [INTRODUCTION]
    for title, model in (("Data plane", DataPlaneConfig), ("Control plane", ControlPlaneConfig)):
        parts.append(f"## {title}\n")
        parts.append(_table(model))
        for name, section in _sections(model):
            parts.append(f"### `[{name}]`\n\n{inspect.getdoc(section) or ''}\n")
            parts.append(_table(section))
    parts.append("## Ports and their adapters\n")
    for port in PORTS:
        parts.extend(_port(port))
    return "\n".join(parts).rstrip() + "\n"


def _port(port: str) -> Iterator[str]:
    for entry in sorted(entry_points(group=group(port)), key=lambda entry: entry.name):
        model = find(port, entry.name).config
        yield f'### `[{port}]` with `adapter = "{entry.name}"`\n'
        described = inspect.getdoc(model) or ""
        if described and described != inspect.getdoc(model.__mro__[1]):
            yield f"{described}\n"
        yield _table(model)


def _sections(model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    for name, field in model.model_fields.items():
        for candidate in (field.annotation, *get_args(field.annotation)):
            if (
                inspect.isclass(candidate)
                and issubclass(candidate, BaseModel)
                and candidate is not AdapterTable
            ):
                yield name, candidate


def _table(model: type[BaseModel]) -> str:
    documented = _docstrings(model)
    rows = [
        f"| `{name}` | {_type(field)} | {_default(field)} | {documented.get(name, '')} |"
        for name, field in model.model_fields.items()
        if not _is_table(field)
    ]
    if not rows:
        return "No settings.\n"
    return "\n".join(["| setting | type | default | meaning |", "|---|---|---|---|", *rows, ""])


def _type(field: FieldInfo) -> str:
    annotation = _plain(field.annotation)
    arguments = [_plain(one) for one in get_args(annotation) if one is not type(None)]
    known: Mapping[Any, str] = {
        str: "text", int: "integer", float: "number", bool: "true or false", Path: "path",
    }  # fmt: skip
    if get_origin(annotation) is Literal:
        return " or ".join(f'`"{value}"`' for value in get_args(annotation))
    if annotation in known:
        return known[annotation]
    if getattr(annotation, "__origin__", None) is tuple:
        return f"list of {known.get(arguments[0], _name(arguments[0]))}"
    if getattr(annotation, "__origin__", None) is dict:
        return "table"
    chosen = arguments[0] if arguments else annotation
    if get_origin(chosen) is Literal:
        return " or ".join(f'`"{value}"`' for value in get_args(chosen))
    return known.get(chosen, _name(chosen))


def _is_table(field: FieldInfo) -> bool:
    """A table of its own has a section of its own."""
    kinds = (field.annotation, *get_args(field.annotation))
    return any(inspect.isclass(kind) and issubclass(kind, BaseModel) for kind in kinds)


def undocumented() -> list[str]:
    """Settings without a word about them."""
    models: list[type[BaseModel]] = [DataPlaneConfig, ControlPlaneConfig]
    models += [section for model in models for _, section in _sections(model)]
    models += [
        find(port, entry.name).config for port in PORTS for entry in entry_points(group=group(port))
    ]
    return sorted(
        {
            f"{model.__name__}.{name}"
            for model in models
            for name, field in model.model_fields.items()
            if not _is_table(field) and name not in _docstrings(model)
        }
    )


def _plain(annotation: Any) -> Any:
    return get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation


def _name(annotation: Any) -> str:
    if inspect.isclass(annotation) and issubclass(annotation, BaseModel):
        return "table"
    names = {"SecretStr": "secret text", "Address": "address", "UUID": "UUID"}
    return names.get(getattr(annotation, "__name__", ""), str(annotation))


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    if field.default is PydanticUndefined or isinstance(field.default, BaseModel):
        return ""
    value = field.default
    if value is None or value == () or value == {} or value == "":
        return "none"
    if isinstance(value, Enum):
        value = value.value
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:_}`" if isinstance(value, int) and value >= 10_000 else f"`{value}`"


def _docstrings(model: type[BaseModel]) -> dict[str, str]:
    """The text under each field, of the model and of those that it extends."""
    found: dict[str, str] = {}
    for cls in reversed(model.__mro__):
        if cls is BaseModel or not issubclass(cls, BaseModel):
            continue
        (tree,) = ast.parse(textwrap.dedent(inspect.getsource(cls))).body
        assert isinstance(tree, ast.ClassDef)
        for field, following in zip(tree.body, tree.body[1:], strict=False):
            if (
                isinstance(field, ast.AnnAssign)
                and isinstance(field.target, ast.Name)
                and isinstance(following, ast.Expr)
                and isinstance(following.value, ast.Constant)
            ):
                text = " ".join(str(following.value.value).split())
                found[field.target.id] = text.replace("``", "`").replace("|", "\\|")
    return found


if __name__ == "__main__":
    TARGET.write_text(pages())
    sys.stdout.write(f"{TARGET.name} written\n")
