"""Put a support bundle together: one archive, private, and a list of what is in it."""

import io
import json
import os
import tarfile
import time
import tomllib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hh_cli.doctor.machine import machine, ports, versions
from hh_cli.doctor.processes import answers, processes
from hh_cli.doctor.scrub import Scrubber
from hh_cli.embedded.layout import PLANES, Layout
from hh_cli.embedded.logs import tail
from hh_cli.embedded.show import log_files
from hh_cli.embedded.state import read_state
from hh_cli.masking import masked, secrets_in
from hh_core.errors import ConfigError
from hh_runtime.references import resolve

FORMAT_VERSION = 1
LOG_BYTES = 4 << 20
"""Of each log at most, whatever the number of lines."""
MAX_SECRET_BYTES = 1 << 16

_README = """A support bundle of hh-platform, made on this machine and sent nowhere.

It holds versions, settings with their secrets masked, process states, ports, memory and disk,
health, metrics, and the end of each log without what could be content or a secret. It holds no
prompt, completion, dataset, API key, password, token or private key. Look into it before you hand
it on: tar -xzf it; every file is plain text.
"""


@dataclass(frozen=True, slots=True)
class Bundle:
    path: Path
    contents: dict[str, int]
    """Bytes of each file in it."""


def write_bundle(layout: Layout, path: Path, *, lines: int, configs: Iterable[Path] = ()) -> Bundle:
    """Write the bundle of a platform that runs, or of what is left of one.

    Raises ``ConfigError`` if ``path`` cannot be written, or exists.
    """
    files = {_safe(name): text.encode() for name, text in _files(layout, lines, list(configs))}
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except OSError as error:
        raise ConfigError(f"cannot write {path}: {error.strerror or error}") from error
    with os.fdopen(descriptor, "wb") as file, tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(f"hh-doctor/{name}")
            entry.size, entry.mode, entry.mtime = len(data), 0o600, int(time.time())
            archive.addfile(entry, io.BytesIO(data))
    return Bundle(path, {name: len(data) for name, data in files.items()})


def _files(layout: Layout, lines: int, configs: list[Path]) -> Iterator[tuple[str, str]]:
    state = read_state(layout)
    named = _config_files(layout, configs)
    documents = {name: _toml(file) for name, file in named.items()}
    scrubber = Scrubber(_secrets(layout, documents.values()))

    def clean(document: Any) -> str:
        return json.dumps(scrubber.document(document), indent=1, ensure_ascii=False) + "\n"

    yield "README.txt", _README
    yield "bundle.json", clean({"version": FORMAT_VERSION, "made_s": int(time.time())})
    # names and versions of public packages: nothing of this platform
    yield "versions.json", json.dumps(versions(layout), indent=1) + "\n"
    yield "machine.json", clean(machine(layout))
    told = processes(state)
    # why it failed: the end of a log stands there too
    yield "processes.json", clean(told | {"fault": scrubber.log(told["fault"])})
    yield "ports.json", clean(ports(state.port_base if state is not None else None))
    for name, document in documents.items():
        yield f"config/{name}.json", clean(masked(document))
    for name, text in answers(layout):
        yield name, scrubber.metrics(text) if name.startswith("metrics/") else scrubber.answer(text)
    for name, file in log_files(layout, "").items():
        text = tail(file, lines=lines, max_bytes=LOG_BYTES)
        yield f"logs/{name}.log", scrubber.log(text)


def _config_files(layout: Layout, configs: list[Path]) -> dict[str, Path]:
    named = {
        f"{plane}.{file.stem}": file
        for plane in PLANES
        for file in sorted(layout.plane(plane).glob("*.toml"))
    }
    return named | {f"given-{number}.{file.stem}": file for number, file in enumerate(configs, 1)}


def _toml(file: Path) -> dict[str, Any]:
    """As it was written: references to secrets are not followed."""
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as error:
        return {"unreadable": error.strerror or "unreadable"}
    except ValueError:
        return {"unreadable": "not TOML"}


def _secrets(layout: Layout, documents: Iterable[dict[str, Any]]) -> set[str]:
    """Every secret that can be found, so that it can be taken out wherever it stands."""
    found: set[str] = set()
    for document in documents:
        resolved = resolve(document)
        found |= set(secrets_in(document)) | {_at(resolved.document, at) for at in resolved.secrets}
    for plane in PLANES:
        for file in (layout.plane(plane) / "secrets").glob("*"):
            found |= _words(file)
    for file in (layout.credentials, layout.endpoints):
        found |= set(secrets_in(_json(file))) | _keys_in(_json(file))
    return found - {""}


def _at(document: Any, where: tuple[str, ...]) -> str:
    for part in where:
        document = document[int(part) if isinstance(document, list) else part]
    return str(document)


def _words(file: Path) -> set[str]:
    try:
        text = file.read_bytes()[:MAX_SECRET_BYTES].decode("utf-8", "replace")
    except OSError:
        return set()
    stripped = text.strip()
    return {stripped} if stripped and not any(map(str.isspace, stripped)) else set()


def _json(file: Path) -> dict[str, Any]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return document if isinstance(document, dict) else {}


def _keys_in(document: dict[str, Any]) -> set[str]:
    return {
        value
        for name, value in document.items()
        if isinstance(value, str) and name.endswith(("_key", "_email"))
    }


def _safe(name: str) -> str:
    return "".join(letter if letter.isalnum() or letter in "._-/" else "_" for letter in name)
