"""``hh check`` and ``hh conformance``: is a file right, does an adapter keep its promises."""

import asyncio
import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from rich.text import Text

from hh_cli.masking import MASK, is_secret
from hh_cli.screen import out, visible
from hh_control.config import NEEDS as CONTROL_SERVICES
from hh_control.config import ControlPlaneConfig
from hh_core.errors import ConfigError, HHError
from hh_core.registry import PORTS, configure, open_port
from hh_data.config import NEEDS as DATA_SERVICES
from hh_data.config import DataPlaneConfig
from hh_runtime.config import ProcessConfig, load
from hh_runtime.references import resolve

PING_SECONDS = 5.0


def check_file(path: Path, overrides: Sequence[str], *, offline: bool) -> int:
    """The exit status: 0, 78 if the file is wrong, 75 if a backend does not answer."""
    config = load(path, _model(path), overrides=overrides)
    _print_plan(path, config)
    if offline:
        return os.EX_OK
    tables = {port: config.tables()[port].model_dump() for port in config.needed()}
    faults = asyncio.run(_ping_all(tables))
    for port in tables:
        fault = faults.get(port)
        mark = Text("✗ ", "red") if fault else Text("✓ ", "green")
        out.print(mark, f"[{port}] {visible(fault or 'answers')}", sep="", markup=False)
    return os.EX_TEMPFAIL if faults else os.EX_OK


def _model(path: Path) -> type[ProcessConfig]:
    """Which plane the file is for: its services tell."""
    try:
        services = set(tomllib.loads(path.read_text(encoding="utf-8")).get("services", []))
    except (OSError, ValueError, TypeError):
        return DataPlaneConfig  # loading it will say what is wrong
    only_control = set(CONTROL_SERVICES) - set(DATA_SERVICES)
    document = path.read_text(encoding="utf-8")
    is_control = bool(services & only_control) or "[trust]" in document
    return ControlPlaneConfig if is_control else DataPlaneConfig


def _print_plan(path: Path, config: ProcessConfig) -> None:
    out.print(Text(str(path), style="bold"))
    plan = config.model_dump()
    for port, table in config.tables().items():
        _, settings = configure(port, table.model_dump())
        plan[port] = {"adapter": table.adapter, **_settings(settings)}
    for key, value in plan.items():
        if value is not None:
            _print_setting(key, value, depth=1)


def _settings(settings: BaseModel) -> dict[str, Any]:
    return dict(settings.model_dump())


def _print_setting(key: str, value: Any, *, depth: int) -> None:
    indent = "  " * depth
    if isinstance(value, Mapping):
        out.print(Text(f"{indent}[{visible(key)}]", style="cyan"))
        for name, item in value.items():
            if item is not None:
                _print_setting(str(name), item, depth=depth + 1)
        return
    shown = MASK if is_secret(key, value) else visible(_plain(value))
    out.print(Text.assemble((f"{indent}{visible(key)} = ", "dim"), shown), soft_wrap=True)


def _plain(value: Any) -> str:
    if isinstance(value, list | tuple):
        shown = (MASK if is_secret("", item) else _plain(item) for item in value)
        return ", ".join(shown)
    return str(value)


async def _ping_all(tables: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    """What each port that does not answer says."""
    answers = await asyncio.gather(*(_ping(port, table) for port, table in tables.items()))
    return {port: fault for port, fault in zip(tables, answers, strict=True) if fault}


async def _ping(port: str, table: Mapping[str, Any]) -> str:
    if table["adapter"] == "local" and port == "journal":
        return ""  # opening it would take it from the process that writes to it
    try:
        async with asyncio.timeout(PING_SECONDS), open_port(port, table) as opened:
            await opened.ping()
    except TimeoutError:
        return f"no answer within {PING_SECONDS:.0f} s"
    except HHError as error:
        return str(error)
    return ""


def run_conformance(port: str, path: Path) -> int:
    """Run the suite of ``port`` against the adapter in the file's table of that name."""
    if port not in PORTS:
        raise ConfigError(f"no port {visible(port)}; there are: {', '.join(PORTS)}")
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{path}: {error}") from error
    resolved = resolve(document)
    if resolved.faults:
        raise ConfigError("\n".join(f"{path}: {fault}" for fault in resolved.faults))
    table = resolved.document.get(port)
    if not isinstance(table, dict):
        raise ConfigError(f"{path}: [{port}] is missing")
    try:
        from hh_conformance.runner import run_suite
    except ImportError as error:
        raise ConfigError("the suites need: pip install 'hh-platform[conformance]'") from error
    return int(run_suite(port, table))
