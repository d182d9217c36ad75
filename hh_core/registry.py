"""Find an adapter by name. Nothing is imported until a configuration file asks for it."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from difflib import get_close_matches
from importlib.metadata import entry_points
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from hh_core.errors import ConfigError

PORTS = {"queue": 1, "objects": 1, "journal": 1, "analytics": 1, "records": 1}
"""Every port and the version this release speaks."""


class AdapterConfig(BaseModel):
    """Base of every adapter's own settings: immutable, typo-proof, and silent about values."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


ConfigT = TypeVar("ConfigT", bound=AdapterConfig)
PortT_co = TypeVar("PortT_co", covariant=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Adapter(Generic[ConfigT, PortT_co]):
    """What a package exports under the entry-point group ``hh.<port>.v<version>``."""

    config: type[ConfigT]
    open: Callable[[ConfigT], AbstractAsyncContextManager[PortT_co]]
    capabilities: frozenset[str] = frozenset()


def group(port: str) -> str:
    """The entry-point group of ``port``, which carries the port's version."""
    return f"hh.{port}.v{PORTS[port]}"


def find(port: str, name: str) -> Adapter[Any, Any]:
    """Import the adapter called ``name``. Raises ``ConfigError`` that says what is installed."""
    installed = {entry.name: entry for entry in entry_points(group=group(port))}
    if name not in installed:
        offers = ", ".join(sorted(installed)) or "none"
        raise ConfigError(
            f"[{port}] no adapter in {group(port)} is named {name!r}; installed: {offers}"
        )
    try:
        adapter = installed[name].load()
    except ImportError as error:
        raise ConfigError(
            f"[{port}] adapter {name!r} needs a package that is not installed: {error}"
        ) from error
    if not isinstance(adapter, Adapter):
        raise ConfigError(f"[{port}] {installed[name].value} is not an Adapter")
    return adapter


def configure(port: str, table: Mapping[str, Any]) -> tuple[Adapter[Any, Any], AdapterConfig]:
    """Turn ``{"adapter": "nats", "servers": [...]}`` into an adapter and its checked settings."""
    options = dict(table)
    if "adapter" not in options:
        raise ConfigError(f'[{port}] needs adapter = "name"')
    adapter = find(port, options.pop("adapter"))
    try:
        return adapter, adapter.config.model_validate(options)
    except ValidationError as error:
        raise ConfigError(explain(error, f"[{port}]", adapter.config)) from error


def open_port(port: str, table: Mapping[str, Any]) -> AbstractAsyncContextManager[Any]:
    """Configure the adapter that ``table`` names, ready to be entered."""
    adapter, config = configure(port, table)
    return adapter.open(config)


def explain(error: ValidationError, where: str, model: type[BaseModel]) -> str:
    """Every mistake on a line of its own, without values; a misspelt key gets a suggestion."""
    lines = []
    for fault in error.errors(include_url=False, include_input=False, include_context=False):
        path = ".".join(str(part) for part in fault["loc"])
        hint = ""
        if fault["type"] == "extra_forbidden":
            near = get_close_matches(str(fault["loc"][-1]), list(model.model_fields), n=1)
            known = ", ".join(sorted(model.model_fields))
            hint = f"; did you mean {near[0]!r}?" if near else f"; known: {known}"
        lines.append(f"{where} {path}: {fault['msg'].lower()}{hint}")
    return "\n".join(lines)
