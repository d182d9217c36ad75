"""Take out of text whatever could be a secret or content.

Two nets, one behind the other. Known secrets (passwords, keys and tokens of the folder) go wherever
they stand. Then everything of a secret's shape goes: API keys, one-time tokens, JSON Web Tokens,
private keys, ``Authorization`` headers, e-mail addresses, passwords in URLs, long random texts. Of
log lines only known shapes pass, and of these nothing quoted: engines quote statements and values.
"""

import base64
import json
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import quote

GONE = "[gone]"
SHORTEST_SECRET = 4
LONGEST_TEXT = 400
"""Characters of one field of a log line."""

_KEY_KINDS = "ro_|ingst_|fgdp_|fgcp_|enrol_"
_SHAPES = tuple(
    re.compile(pattern, re.DOTALL)
    for pattern in (
        r"-----BEGIN [A-Z ]+-----.*?(?:-----END [A-Z ]+-----|\Z)",
        rf"hh_(?:(?:{_KEY_KINDS})[0-9A-Za-z_]{{4,}}|[0-9A-Za-z]{{20,}})",
        r"eyJ[\w-]{6,}(?:\.[\w-]*){0,4}",
        r"(?i)\b(?:bearer|basic|digest)(?:\s|%20)+[^\s\"',;]+",
        r"(?i)\b[\w-]*(?:password|passwd|secret|api[_-]?key|token)[\"']?\s*[=:]\s*"
        r"(?:\"[^\"]*\"|'[^']*'|[^\s\"',;}\])]+)",
        r"\b(?:sk|pk|rk|gh[pousr]|xox[abposr]|glpat|hf)[-_][\w-]{8,}",
        r"\b(?:AKIA|ASIA)[0-9A-Z]{12,}",
        r"[\w.+%-]+(?:@|%40)[\w-]+(?:\.[\w-]+)*",
        r"://[^/\s@]*@",
    )
)
_RANDOM = re.compile(r"[\w+-]{28,}={0,2}", re.ASCII)
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^'\\]|\\.)*)'|`([^`]*)`", re.DOTALL)
_NAME = re.compile(r"[\w.:/-]{0,64}", re.ASCII)

_FRAME = re.compile(r"\s*\|?\s*(File \"[^\"]+\", line \d+, in [\w<>.]+)")
_TRACEBACK = re.compile(r"\s*[|+]?\s*(?:Exception Group )?Traceback \(most recent call last\):")
_EXCEPTION = re.compile(r"[\s|]*((?:\w+\.)*\w*(?:Error|Exception|Group|Warning|Exit))\b")
_ENGINE_LINES = (
    re.compile(r"\[\d+\] \d{4}/\d\d/\d\d [\d:.]+ \[[A-Z]{3}\] "),
    re.compile(r"\d{4}-\d\d-\d\d [\d:.]+ \w+ \[\d+\] (?:LOG|WARNING|ERROR|FATAL|PANIC):"),
    re.compile(r"(?:data|control)\.[a-z]+(?:-\d+)?[: ]"),
    re.compile(r"supervisor: "),
)
_STATEMENT = re.compile(r"\b(?:STATEMENT|DETAIL|CONTEXT|QUERY|HINT|DB::Exception|line \d+):.*")


class Scrubber:
    """Knows the secrets of one platform. Cheap to make, and without state."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets for form in _forms(secret.strip())}
        longest_first = sorted(forms, key=len, reverse=True)
        self._known = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def text(self, text: str) -> str:
        """``text`` without secrets."""
        if self._known is not None:
            text = self._known.sub(GONE, text)
        for shape in _SHAPES:
            text = shape.sub(GONE, text)
        return _RANDOM.sub(lambda found: GONE if _is_random(found[0]) else found[0], text)

    def document(self, value: Any) -> Any:
        """Every text in a JSON document, keys too."""
        match value:
            case str():
                return self.text(value)
            case dict():
                return {self.text(str(key)): self.document(item) for key, item in value.items()}
            case list() | tuple():
                return [self.document(item) for item in value]
        return value

    def answer(self, text: str) -> str:
        """What a process answers about its health: JSON, or nothing we know."""
        try:
            return json.dumps(self.document(_named_only(json.loads(text)))) + "\n"
        except ValueError:
            return _cut(text)

    def metrics(self, text: str) -> str:
        """Prometheus text: of labels only plain names pass."""
        return "".join(f"{self.text(_unquoted(line))}\n" for line in text.splitlines())

    def log(self, text: str) -> str:
        return "".join(f"{self.log_line(line)}\n" for line in text.splitlines())

    def log_line(self, line: str) -> str:
        """One line of a log: its structure, and what cannot be content."""
        try:
            entry = json.loads(line)
        except ValueError:
            return self._plain(line)
        if not isinstance(entry, dict):
            return _cut(line)
        return json.dumps({self.text(str(key)): self._field(key, entry[key]) for key in entry})

    def _field(self, key: str, value: Any) -> Any:
        if value is None or isinstance(value, bool | int | float):
            return value
        text = value if isinstance(value, str) else json.dumps(value)
        if key == "exception":
            return "\n".join(filter(None, map(_frame, text.splitlines())))
        return self.text(_unquoted(text))[:LONGEST_TEXT]

    def _plain(self, line: str) -> str:
        if frame := _frame(line):
            return frame
        if any(shape.match(line) for shape in _ENGINE_LINES):
            return self.text(_unquoted(_STATEMENT.sub(GONE, line)))[:LONGEST_TEXT]
        return _cut(line)


def _named_only(value: Any) -> Any:
    match value:
        case str():
            return _unquoted(value)[:LONGEST_TEXT]
        case dict():
            return {key: _named_only(item) for key, item in value.items()}
        case list():
            return [_named_only(item) for item in value]
    return value


def _frame(line: str) -> str:
    """Where an exception came from and its kind, never what it said; empty for other lines."""
    if _TRACEBACK.match(line):
        return "Traceback (most recent call last):"
    found = _FRAME.match(line) or _EXCEPTION.match(line)
    return found[1] if found else ""


def _unquoted(text: str) -> str:
    """Quoted text goes unless it is a plain name."""

    def name_only(found: re.Match[str]) -> str:
        inner = next(group for group in found.groups() if group is not None)
        return found[0] if _NAME.fullmatch(inner) else f"{found[0][0]}{GONE}{found[0][0]}"

    return _QUOTED.sub(name_only, text)


def _cut(line: str) -> str:
    return f"[a line of {len(line)} characters]" if line.strip() else ""


def _is_random(text: str) -> bool:
    """Upper case, lower case and digits in one long word: no name looks so, a secret does."""
    return (
        any(character.isupper() for character in text)
        and any(character.islower() for character in text)
        and any(character.isdigit() for character in text)
    )


def _forms(secret: str) -> Iterable[str]:
    """How a secret may stand in a text."""
    if len(secret) < SHORTEST_SECRET:
        return ()
    encoded = secret.encode("utf-8", "surrogateescape")
    return {
        secret,
        quote(secret, safe=""),
        json.dumps(secret)[1:-1],
        encoded.hex(),
        base64.b64encode(encoded).decode().rstrip("="),
        base64.urlsafe_b64encode(encoded).decode().rstrip("="),
    }
