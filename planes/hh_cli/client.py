"""Ask a plane's HTTP API, as any client would."""

import json
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import urlencode, urlsplit

from hh_core.errors import (
    DeniedError,
    HHError,
    NotFoundError,
    RejectedError,
    UnavailableError,
)

_ANSWER_SECONDS = 30.0
_MAX_ANSWER_BYTES = 256 << 20


@dataclass(frozen=True, slots=True)
class Client:
    """``url`` is a plane's base URL."""

    url: str
    api_key: str

    def get(self, path: str, **query: object) -> Any:
        given = {name: value for name, value in query.items() if value is not None}
        return self._ask("GET", f"{path}?{urlencode(given)}" if given else path, None)

    def post(self, path: str, body: object) -> Any:
        return self._ask("POST", path, json.dumps(body).encode())

    def _ask(self, method: str, target: str, body: bytes | None) -> Any:
        """The JSON answer. Raises an ``HHError`` that carries the plane's own message."""
        parts = urlsplit(self.url)
        kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        connection = kind(parts.hostname or "", parts.port, timeout=_ANSWER_SECONDS)
        headers = {"Authorization": f"Bearer {self.api_key}", "Content-Type": "application/json"}
        try:
            connection.request(method, parts.path.rstrip("/") + target, body, headers)
            answer = connection.getresponse()
            status, content = answer.status, answer.read(_MAX_ANSWER_BYTES)
        except (OSError, HTTPException) as error:
            raise UnavailableError(f"{self.url} does not answer: {error}") from error
        finally:
            connection.close()
        document = _document(content)
        if status != 200:
            raise _failure(status, document)
        return document


def _document(content: bytes) -> Any:
    try:
        return json.loads(content or b"{}")
    except ValueError:
        return {}


def _failure(status: int, document: Any) -> HHError:
    message = str(document.get("message", "")) if isinstance(document, dict) else ""
    text = f"{message or 'the request was refused'} (status {status})"
    if status in (429, 502, 503, 504):
        return UnavailableError(text)
    if status in (401, 403):
        return DeniedError(text)
    return NotFoundError(text) if status == 404 else RejectedError(text, code=status)
