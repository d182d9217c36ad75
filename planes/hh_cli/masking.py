"""What of a configuration file may be shown: everything but what could open a door."""

import re
from collections.abc import Mapping
from typing import Any

from pydantic import SecretStr

MASK = "••••••"
_SECRET_WORDS = (
    *("password", "passphrase", "secret", "token", "credential", "access_key", "account_key"),
    *("authorization", "headers", "cookie", "connection_string", "dsn", "sas"),
)
_NOT_SECRET = frozenset({"token_keys"})
_REFERENCE = re.compile(r"\$\{(env|file):[^}]+\}")


def is_secret(key: str, value: Any) -> bool:
    """By the name of the setting, by its type, or because it is a URL with a password."""
    secret_value = isinstance(value, SecretStr) or (isinstance(value, str) and "@" in value)
    named = any(word in key.lower() for word in _SECRET_WORDS) and key not in _NOT_SECRET
    return secret_value or named


def masked(document: Mapping[str, Any]) -> dict[str, Any]:
    """A file as it was written, without its secrets; references to them stay references."""
    return {key: _masked(key, value) for key, value in document.items()}


def secrets_in(document: Mapping[str, Any]) -> list[str]:
    """The texts that ``masked`` hides."""
    found: list[str] = []
    for key, value in document.items():
        if isinstance(value, Mapping) and not is_secret(key, None):
            found += secrets_in(value)
        else:
            found += [text for text in _texts(value) if is_secret(key, text)]
    return [text for text in found if not _REFERENCE.fullmatch(text)]


def _masked(key: str, value: Any) -> Any:
    if isinstance(value, str) and _REFERENCE.fullmatch(value):
        return value
    match value:
        case Mapping() if is_secret(key, None):
            return dict.fromkeys(value, MASK)
        case Mapping():
            return masked(value)
        case list() | tuple():
            return [_masked(key, item) for item in value]
        case bool() | int() | float():
            return value
    return MASK if is_secret(key, value) else str(value)


def _texts(value: Any) -> list[str]:
    match value:
        case str():
            return [value]
        case SecretStr():
            return [value.get_secret_value()]
        case Mapping():
            return [text for item in value.values() for text in _texts(item)]
        case list() | tuple():
            return [text for item in value for text in _texts(item)]
    return []
