"""What every process reads at start: one TOML file, checked as a whole before anything opens.

``load`` promises that all mistakes are reported at once, that no message carries a value, and that
a misspelt key is answered with the nearest one that exists.
"""

import os
import tomllib
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)
from pydantic.fields import FieldInfo

from hh_core.domain.origins import is_origin
from hh_core.errors import ConfigError
from hh_core.registry import PORTS, configure
from hh_runtime.net import SOCKETS, Address, parse_address
from hh_runtime.references import Resolved, resolve


class Section(BaseModel):
    """Base of every table: immutable, typo-proof, and silent about values."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class AdapterTable(BaseModel):
    """``adapter`` picks the implementation; the rest of the table is that adapter's affair."""

    model_config = ConfigDict(frozen=True, extra="allow", hide_input_in_errors=True)
    adapter: str


def _address(value: object) -> object:
    return parse_address(value) if isinstance(value, str) else value


Listen = Annotated[Address, BeforeValidator(_address)]
"""``host:port``, ``[v6]:port`` or ``unix:/path``."""


Origin = Annotated[str, StringConstraints(pattern=r"^https?://[^/\s]+$")]
"""Scheme, host and port of pages as a browser names them, without a path."""


def _public_url(value: object) -> object:
    if isinstance(value, str) and not is_origin(value):
        raise ValueError(
            "write scheme, host and port in small letters and nothing else, such as "
            "https://data.example; no IPv6 address, for a content policy cannot name one"
        )
    return value


PublicUrl = Annotated[str, BeforeValidator(_public_url)]
"""The origin at which browsers reach a plane."""


def default_runtime() -> Path:
    """Where sockets live when the file names no place: short, because a socket's path must be."""
    return SOCKETS / f"hh-{os.getuid()}"


class TracingConfig(Section):
    """Where this process sends spans about itself."""

    endpoint: str
    """Base URL of an OTLP/HTTP receiver; ``/v1/traces`` is appended."""
    headers: dict[str, str] = {}
    """Sent with each export, such as an API key."""
    sample_ratio: float = Field(default=0.01, ge=0, le=1)
    """Share of the traces of this process that are sent."""


class ProcessConfig(Section):
    """The settings that every process of both planes has."""

    name: str = "default"
    """The plane's name, for people."""
    process: str = Field(default="", pattern=r"^[A-Za-z0-9._-]{0,64}$")
    """This process in logs, metrics and socket names; by default plane and services."""
    services: tuple[str, ...] = Field(min_length=1)
    """What runs in this process."""
    drain_seconds: float = Field(default=25.0, gt=0)
    """How long a stopping process may finish what it began. Less than the kill grace."""
    open_seconds: float = Field(default=60.0, ge=0)
    """How long a starting process waits for its backends before it gives up with status 75."""
    runtime: Path = Field(default_factory=default_runtime)
    """Folder (mode 0700) of Unix sockets: health, and the data plane's own API."""
    health: Listen | None = None
    """Where /healthz, /readyz and /metrics are served; by default a socket in ``runtime``."""
    log_level: str = Field(default="info", pattern="^(debug|info|warning|error)$")
    """The least severe message that is logged: debug, info, warning or error."""
    blocked_plugins: tuple[str, ...] = ()
    """Installed plugins that are left out."""
    tracing: TracingConfig | None = None

    def tables(self) -> dict[str, AdapterTable]:
        """The adapter table of every port that the file names."""
        found = {port: getattr(self, port, None) for port in PORTS}
        return {port: table for port, table in found.items() if table is not None}

    def needed(self) -> Sequence[str]:
        """The ports that this process's services use. Planes override it."""
        return tuple(self.tables())


ConfigT = TypeVar("ConfigT", bound=ProcessConfig)


def load(path: Path, model: type[ConfigT], *, overrides: Sequence[str] = ()) -> ConfigT:
    """The checked content of ``path``. ``overrides`` are ``table.key=value`` of a human.

    Raises ``ConfigError`` with every mistake on a line of its own.
    """
    document = _read(path)
    for override in overrides:
        _override(document, override)
    resolved = resolve(document)
    faults = list(resolved.faults)
    config = _validated(model, resolved, faults)
    if config is not None:
        faults += _missing(config)
    faults += _adapter_faults(model, resolved)
    if faults:
        raise ConfigError("\n".join(f"{path}: {fault}" for fault in faults))
    assert config is not None
    return config


def _read(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror or error}".lower()) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not TOML: {error}") from error


def _override(document: dict[str, Any], override: str) -> None:
    name, equals, text = override.partition("=")
    if not equals or not name:
        raise ConfigError(f"--set {name}: write table.key=value")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    *tables, key = name.split(".")
    for table in tables:
        document = document.setdefault(table, {})
    document[key] = value


def _validated(model: type[ConfigT], resolved: Resolved, faults: list[str]) -> ConfigT | None:
    try:
        return model.model_validate(resolved.document)
    except ValidationError as error:
        unresolved = {path for path, _ in resolved.unresolved}
        for fault in error.errors(include_url=False, include_input=False, include_context=False):
            path = tuple(str(part) for part in fault["loc"])
            if not any(path[: len(known)] == known for known in unresolved):
                faults.append(_explained(model, path, fault["type"], fault["msg"]))
        return None


def _explained(model: type[BaseModel], path: tuple[str, ...], kind: str, message: str) -> str:
    where = ".".join(path)
    if kind != "extra_forbidden":
        return f"{where}: {message[:1].lower()}{message[1:]}"
    known = sorted(_table_at(model, path[:-1]))
    near = get_close_matches(path[-1], known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}"
    return f"{where}: no such setting; {hint}"


def _table_at(model: type[BaseModel], path: Sequence[str]) -> Mapping[str, FieldInfo]:
    for part in path:
        annotation = model.model_fields[part].annotation
        candidates = (annotation, *get_args(annotation))
        tables = [
            item for item in candidates if isinstance(item, type) and issubclass(item, BaseModel)
        ]
        if not tables:
            return {}
        model = tables[0]
    return model.model_fields


def _missing(config: ProcessConfig) -> list[str]:
    there = config.tables()
    services = ", ".join(config.services)
    return [
        f'[{port}] is missing: {services} needs it; add a table with adapter = "name"'
        for port in config.needed()
        if port not in there
    ]


def _adapter_faults(model: type[ProcessConfig], resolved: Resolved) -> list[str]:
    """What each adapter says about its own table, also when the rest of the file is wrong."""
    faults: list[str] = []
    unresolved = {path[0] for path, _ in resolved.unresolved if path}
    for port in PORTS:
        table = resolved.document.get(port)
        if port not in model.model_fields or port in unresolved or not isinstance(table, dict):
            continue
        try:
            configure(port, table)
        except ConfigError as error:
            faults += str(error).splitlines()
    return faults
