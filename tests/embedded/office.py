"""People who use the API of a running control plane, as a program and as a browser does."""

import http.client
import json
import urllib.parse
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.cookies import SimpleCookie
from typing import Any

from embedded import Embedded


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def data(self) -> Any:
        """What a good answer gives; fails for any other."""
        assert self.status == 200, f"{self.status} {self.body[:500]!r}"
        return json.loads(self.body)["data"]

    @property
    def text(self) -> bytes:
        """All of it: a secret may stand in a header, too."""
        return json.dumps(dict(self.headers)).encode() + b"\n" + self.body


def send(
    url: str,
    method: str,
    path: str,
    body: object = None,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """One request, whatever its answer; ``bytes`` are sent as they are, all else as JSON."""
    place = urllib.parse.urlsplit(url)
    assert place.hostname is not None
    content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    connection = http.client.HTTPConnection(place.hostname, place.port, timeout=30)
    try:
        known = {} if content is None else {"Content-Type": "application/json"}
        connection.request(method, path, content, {**known, **(headers or {})})
        got = connection.getresponse()
        return Answer(got.status, dict(got.getheaders()), got.read())
    finally:
        connection.close()


def bearer(secret: str, **headers: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {secret}", **headers}


@dataclass(slots=True)
class Person:
    """Somebody who has signed in, with tokens or with a cookie; ``headers`` prove it."""

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    signed_in: dict[str, Any] = field(default_factory=dict)
    """What the sign-in gave."""
    cookie: str = ""

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """What a good answer gives."""
        return send(self.url, method, path, body, self.headers).data

    def token(self, audience: str, *projects: str) -> str:
        body = {"audience": audience, "project_ids": list(projects)}
        return str(self.ask("POST", "/v1/tokens", body)["access_token"])

    def key(self, level: str, scope: str, kind: str, *permissions: str) -> tuple[str, str]:
        """A new key, and its id. Only a key with permissions must expire; it does in a day."""
        day = (datetime.now(UTC) + timedelta(days=1)).isoformat()
        more = {"permissions": list(permissions), "expires_at": day} if permissions else {}
        body = {"kind": kind, "name": f"a key of kind {kind}", **more}
        made = self.ask("POST", f"/v1/{level}/{scope}/keys", body)
        return str(made["key_value"]), str(made["key_id"])


def sign_in(running: Embedded, email: str, password: str, *, kind: str = "tokens") -> Person:
    url = str(running.endpoints["control_url"])
    body = {"email": email, "password": password, "kind": kind}
    answer = send(url, "POST", "/v1/sign-in", body, {"User-Agent": "a program of tests"})
    given = answer.data
    if kind == "tokens":
        return Person(url, bearer(given["access_token"]), given)
    cookie = SimpleCookie(answer.headers["Set-Cookie"])["hh_session"].value
    headers = {"Cookie": f"hh_session={cookie}", "X-CSRF-Token": given["csrf_token"]}
    return Person(url, headers, given, cookie)


def administrator(running: Embedded) -> Person:
    told = running.reload()
    return sign_in(running, told["admin_email"], told["admin_password"])


def invited(admin: Person, level: str, scope: str, email: str, *roles: str) -> dict[str, Any]:
    """Invite somebody; the answer holds the token and the id."""
    made = admin.ask(
        "POST", f"/v1/{level}/{scope}/members", {"email": email, "role_names": list(roles)}
    )
    return dict(made)
