"""Nothing that a data plane does not need comes down to it: canaries all over the control plane.

Names and e-mail addresses of people, other organisations with their projects, keys and data planes
carry a mark. What cannot carry one is read from the control plane's own database and looked for by
itself: password hashes, digests of sessions, tokens and invitations, ids of audit entries.
"""

import hashlib
import json
import re
from typing import Any

import pytest
from canaries import Canaries, Search
from embedded import Embedded
from embedded.office import Person, administrator, bearer, invited, send, sign_in
from embedded.steps import counted, counts, until
from embedded.stores import dumps, files, metrics
from link import RecordingLink

from hh_cli.embedded.layout import Layout

SECRET_KINDS = ("users", "sessions", "session-tokens", "invitations", "sign-in-throttle")
_ROW = re.compile(r"\((?P<kind>[\w-]+),(?P<key>[^,]+),")
_DIGEST = re.compile(r"\b[0-9a-f]{64}\b")
_HASH = re.compile(r"\$argon2id\$[^\"]*\$([\w+/]+)\$([\w+/]+)")


@pytest.mark.timeout(180)
def test_nothing_comes_down_that_a_data_plane_does_not_need(
    running: Embedded, link: RecordingLink
) -> None:
    canaries, control = Canaries(), Canaries()
    admin = administrator(running)
    own = _place(running, admin, control)
    sought = {**_people(running, admin, own, canaries), **_others(running, admin, canaries)}
    _key_comes_down(running, admin, own)
    until(lambda: control.found_in(bytes(link.heard)), seconds=60, what="a project's name is heard")
    before = counted(running)
    running.ask("/events", {"event": {"event_type": "tool", "event_name": "a tool"}})
    counts(running, at_least=before + 1)

    sought |= _kept_by_the_control_plane(running)
    places = {
        "wire": bytes(link.heard),
        "metrics": metrics(running, "data"),
        **dumps(running, "data"),
        **files(running.folder / "data"),
    }

    assert len(canaries.planted) >= 14
    assert {
        name: found for name, data in places.items() if (found := canaries.found_in(data))
    } == {}
    search = Search(sought)
    assert {name: found for name, data in places.items() if (found := search.found_in(data))} == {}
    found = {name for name, data in places.items() if control.found_in(data)}
    assert {"wire", "keys.json", "configuration.pb"} <= found, "the positive control is missing"
    assert {"clickhouse", "nats", "postgres", "logs"} <= {name.partition("/")[0] for name in places}
    kept = dict(dumps(running, "control"))["control postgres"]
    assert canaries.found_in(kept), "the canaries were not planted"
    assert set(search.found_in(kept)) >= {name for name in sought if name.startswith("stored")}


def _place(running: Embedded, admin: Person, control: Canaries) -> str:
    """A project of this data plane; its name goes down."""
    first = admin.ask("GET", f"/v1/projects/{running.endpoints['project_id']}")
    body = {"name": control("project"), "data_plane_id": first["data_plane_id"]}
    made = admin.ask("POST", f"/v1/workspaces/{first['workspace_id']}/projects", body)
    return str(made["id"])


def _people(running: Embedded, admin: Person, own: str, canaries: Canaries) -> dict[str, bytes]:
    """A member of the data plane's own project, and somebody who tried; what they hold."""
    email = f"{canaries('email')}@example.com"
    password = canaries("password")
    made = invited(admin, "projects", own, email, "project.member")
    token = made["invitation_token"]
    body = {"token": token, "password": password, "name": canaries("name of a person")}
    assert send(admin.url, "POST", "/v1/invitations/accept", body).status == 200
    open_ = invited(admin, "projects", own, f"{canaries('invited')}@example.com", "project.member")
    by_token, by_cookie = (
        sign_in(running, email, password),
        sign_in(running, email, password, kind="cookie"),
    )
    agent = {"User-Agent": canaries("user agent")}
    body = {"email": f"{canaries('stranger')}@example.com", "password": canaries("wrong password")}
    assert send(admin.url, "POST", "/v1/sign-in", body, agent).status == 401
    member = {"email": email, "password": password, "kind": "cookie"}
    assert send(admin.url, "POST", "/v1/sign-in", member, agent).status == 200
    return {
        "invitation token": token.encode(),
        "open invitation token": open_["invitation_token"].encode(),
        "cookie": by_cookie.cookie.encode(),
        "CSRF token": by_cookie.headers["X-CSRF-Token"].encode(),
        "refresh token": by_token.signed_in["refresh_token"].encode(),
        "access token": by_token.signed_in["access_token"].rpartition(".")[2].encode(),
    }


def _others(running: Embedded, admin: Person, canaries: Canaries) -> dict[str, bytes]:
    """Another organisation with a data plane, a project and keys of its own."""
    org = admin.ask(
        "POST", "/v1/orgs", {"name": canaries("org"), "description": canaries("of an org")}
    )["id"]
    workspace = admin.ask(
        "POST", f"/v1/orgs/{org}/workspaces", {"name": canaries("other workspace")}
    )["id"]
    plane = admin.ask("POST", f"/v1/orgs/{org}/data-planes", {"name": canaries("other plane")})
    body = {"name": canaries("other project"), "description": canaries("of a project")}
    project = admin.ask(
        "POST",
        f"/v1/workspaces/{workspace}/projects",
        {**body, "data_plane_id": plane["id"]},
    )["id"]
    found = {
        "other organisation": org.encode(),
        "other workspace": workspace.encode(),
        "other project": project.encode(),
        "other data plane": plane["id"].encode(),
        "other plane's one-time token": plane["one_time_token"].encode(),
    }
    for kind in ("project", "read_only", "ingestion"):
        body = {"kind": kind, "name": canaries(f"{kind} key"), "description": canaries("of a key")}
        made = admin.ask("POST", f"/v1/projects/{project}/keys", body)
        digest = hashlib.sha256(made["key_value"].encode())
        found |= {
            f"other {kind} key": made["key_value"].encode(),
            f"other {kind} key's id": made["key_id"].encode(),
            f"other {kind} key's digest": digest.hexdigest().encode(),
            f"other {kind} key's raw digest": digest.digest(),
        }
    return found


def _key_comes_down(running: Embedded, admin: Person, own: str) -> None:
    """What was made before it has come down as well, then; and traffic goes up."""
    key, _ = admin.key("projects", own, "project")
    url = running.endpoints["data_url"]
    body: Any = {"session": {"session_name": "a session"}}

    def taken() -> bool:
        return send(url, "POST", "/session/start", body, bearer(key)).status == 200

    until(taken, seconds=60, what="the data plane knows the key")
    assert own in Layout.of(running.folder).access.read_text()


def _kept_by_the_control_plane(running: Embedded) -> dict[str, bytes]:
    """Hashes, digests and ids of the records that no data plane needs, from its own database."""
    found: dict[str, bytes] = {}
    kinds = set()
    for line in dumps(running, "control")["control postgres"].decode().splitlines():
        row = _ROW.match(line)
        kind = row["kind"] if row else ""
        if row and kind == "audit":
            found[f"stored audit {len(found)}"] = row["key"].encode()
        if kind in SECRET_KINDS:
            kinds.add(kind)
            for text in {
                *_DIGEST.findall(line),
                *(part for both in _HASH.findall(line) for part in both),
            }:
                found[f"stored {kind} {len(found)}"] = text.encode()
    assert kinds >= {"users", "sessions", "session-tokens", "invitations"}, sorted(kinds)
    assert json.dumps(sorted(found)).count("stored users") >= 4, "salts and hashes of two people"
    return found
