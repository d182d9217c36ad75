"""``${env:NAME}`` and ``${file:/path}`` in a configuration file.

An unset variable or an unreadable file is a mistake, never an empty text. ``${{`` is not special:
a text that is no reference stays as it is.
"""

import os
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_REFERENCE = re.compile(r"\$\{(env|file):([^}]+)\}")

Where = tuple[str, ...]
"""Keys from the root of the document to a value."""


@dataclass(slots=True)
class Resolved:
    """A document with its references replaced, and those that could not be."""

    document: dict[str, Any] = field(default_factory=dict)
    unresolved: list[tuple[Where, str]] = field(default_factory=list)
    secrets: set[Where] = field(default_factory=set)
    """Where a value came from outside the file, so that nothing prints it."""

    @property
    def faults(self) -> Sequence[str]:
        return [f"{'.'.join(where)}: {fault}" for where, fault in self.unresolved]


def resolve(document: dict[str, Any]) -> Resolved:
    """Replace every reference; those that cannot be are listed, and stay as they stand."""
    resolved = Resolved()
    resolved.document = {key: _walk(value, (key,), resolved) for key, value in document.items()}
    return resolved


def _walk(value: Any, where: Where, resolved: Resolved) -> Any:
    match value:
        case str():
            return _replaced(value, where, resolved)
        case dict():
            return {key: _walk(item, (*where, key), resolved) for key, item in value.items()}
        case list():
            return [_walk(item, (*where, str(index)), resolved) for index, item in enumerate(value)]
        case _:
            return value


def _replaced(text: str, where: Where, resolved: Resolved) -> str:
    def look_up(found: re.Match[str]) -> str:
        kind, name = found.groups()
        resolved.secrets.add(where)
        try:
            return os.environ[name] if kind == "env" else Path(name).read_text().strip()
        except KeyError:
            resolved.unresolved.append((where, f"${{env:{name}}} is not set"))
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "it is not text"
            resolved.unresolved.append((where, f"${{file:{name}}} cannot be read: {reason}"))
        return found.group()

    return _REFERENCE.sub(look_up, text)
