"""Run a port's suite against an adapter that a configuration names: ``hh conformance``."""

import os
import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from hh_conformance.contract import Contract
from hh_core.errors import ConfigError
from hh_core.registry import PORTS, AdapterConfig, configure

FRESH = "{fresh}"
_COLLECTED = Path(__file__).with_name("chosen.py")
_chosen: list[type[Contract]] = []


def run_suite(port: str, table: Mapping[str, Any], *, pytest_args: Sequence[str] = ()) -> int:
    """Prove the adapter that ``table`` names, as the table ``[port]`` of a config file would.

    Wherever a value of the table says ``{fresh}``, each test gets a name of its own, so that tests
    share no state. Answers pytest's exit status: 0 if every guarantee holds. Raises
    ``ConfigError`` for a mistake in the table, before anything runs.
    """
    _chosen.append(suite_for(port, table))
    try:
        return int(
            pytest.main(
                [
                    str(_COLLECTED),
                    f"--rootdir={_COLLECTED.parent}",
                    f"--config-file={os.devnull}",  # not the settings of whatever folder we are in
                    "--import-mode=importlib",
                    "-p",
                    "no:cacheprovider",
                    *pytest_args,
                ]
            )
        )
    finally:
        _chosen.pop()
        _forget_what_was_collected()


def chosen() -> type[Contract]:
    """The suite that is being run: what pytest collects."""
    return _chosen[-1]


def suite_for(port: str, table: Mapping[str, Any]) -> type[Contract]:
    """The suite of ``port`` on the adapter and the settings of ``table``."""
    if port not in PORTS:
        raise ConfigError(f"there is no port {port!r}; ports: {', '.join(sorted(PORTS))}")
    adapter, _ = configure(port, _freshen(table))
    base = getattr(import_module(f"hh_conformance.{port}"), f"{port.capitalize()}Contract")

    def config(self: Contract) -> AdapterConfig:
        return configure(port, _freshen(table))[1]

    return type(base.__name__, (base,), {"adapter": adapter, "config": config})


def _forget_what_was_collected() -> None:
    """Or pytest would find the same suite again the next time."""
    for name, module in list(sys.modules.items()):
        if getattr(module, "__file__", None) == str(_COLLECTED):
            del sys.modules[name]


def _freshen(table: Mapping[str, Any]) -> dict[str, Any]:
    name = uuid4().hex
    return {key: _replace(value, name) for key, value in table.items()}


def _replace(value: Any, name: str) -> Any:
    """``value`` with ``name`` for every ``{fresh}`` in its texts, however deep they are."""
    if isinstance(value, str):
        return value.replace(FRESH, name)
    if isinstance(value, Mapping):
        return {key: _replace(inner, name) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_replace(inner, name) for inner in value]
    return value
