"""Keys, passwords and tokens stand nowhere but where they must: used in every way, then sought.

Every kind of secret is used for real and wrongly: in URLs, in broken headers, at doors that are not
its own, over gRPC. Then all that the platform wrote, answered with an error or told of itself is
searched for each of them in every encoding.
"""

import asyncio
import json
import re
import time
import tomllib
import urllib.parse
from collections.abc import Iterator, Mapping
from pathlib import Path
from secrets import token_urlsafe
from typing import Any
from uuid import UUID

import grpc
import psutil
import pytest
from canaries import Search
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from embedded import Embedded
from embedded.office import Person, administrator, bearer, invited, send, sign_in
from embedded.steps import until
from embedded.stores import dumps, files, metrics

from hh_cli.embedded.layout import Layout
from hh_data.cluster_identity import ClusterIdentity, ClusterTokens
from hh_data.control_channel import open_channel

DOORS = {
    "data": (
        ("GET", "/v1/events/export"),
        ("POST", "/v1/events/search"),
        ("POST", "/v1/traces"),
        ("POST", "/session/start"),
        ("PUT", "/events"),
        ("GET", "/v1/sessions/nothing"),
        ("GET", "/no/such/path"),
    ),
    "control": (
        ("GET", "/v1/me"),
        ("GET", "/v1/orgs"),
        ("POST", "/v1/sign-in"),
        ("POST", "/v1/tokens"),
        ("POST", "/v1/tokens/refresh"),
        ("POST", "/v1/invitations/accept"),
        ("POST", "/v1/me/password"),
        ("POST", "/v1/analytics/query"),
        ("DELETE", "/no/such/path"),
    ),
}
KEPT = {
    "endpoints.json": {"project key", "control-plane key", "administrator's password"},
    "credentials.json": {"project key", "control-plane key", "administrator's password"},
    "control/secrets/clickhouse.password": {"control clickhouse password"},
    "control/secrets/postgres.password": {"control postgres password"},
    "control/secrets/nats.password": {"control nats password"},
    "data/secrets/clickhouse.password": {"data clickhouse password"},
    "data/secrets/postgres.password": {"data postgres password"},
    "data/secrets/nats.password": {"data nats password"},
    "control/secrets/nats.conf": {"control nats password"},
    "data/secrets/nats.conf": {"data nats password"},
    "data/secrets/enrolment.token": {"one-time token of this plane"},
    "control/trust/token-keys.json": {"token key"},
    "control/trust/configuration-keys.json": {"configuration key"},
    "data/identity/key.pem": {"data plane's key"},
    "data/name.key": {"name key"},
}
"""The files that exist to hold a secret, and which; each must be found there, and nowhere else."""

_PEM = re.compile(r"-+BEGIN PRIVATE KEY-+\n[^-]+-+END PRIVATE KEY-+\n")


@pytest.mark.timeout(300)
def test_secrets_stand_nowhere_but_in_the_files_that_are_there_to_hold_them(
    running: Embedded, tmp_path: Path
) -> None:
    texts = {**_of_files(running), **_of_people(running)}
    texts |= asyncio.run(_of_the_data_plane(running))
    _used(running, texts)
    refused = [answer for text in texts.values() for answer in _misused(running, text)]
    refused += [answer for text in texts.values() for answer in _misused_by_grpc(running, text)]

    sought = {name: _essence(text) for name, text in texts.items()} | _private_keys(running)
    places = _places(running, tmp_path)
    places["errors"] = b"\n".join(refused)
    search = Search(sought)
    found = {place: set(hit) for place, data in places.items() if (hit := search.found_in(data))}

    assert len(sought) >= 34
    assert len(refused) > 500
    assert found == KEPT


def _of_files(running: Embedded) -> dict[str, str]:
    """Secrets that the platform made for itself and its first administrator."""
    layout, told = Layout.of(running.folder), running.reload()
    engines = {
        f"{plane} {engine} password": layout.secret(plane, f"{engine}.password").read_text().strip()
        for plane in DOORS
        for engine in ("clickhouse", "postgres", "nats")
    }
    return {
        "project key": told["api_key"],
        "control-plane key": told["control_key"],
        "administrator's password": told["admin_password"],
        "one-time token of this plane": layout.enrolment_token.read_text().strip(),
        **engines,
    }


def _of_people(running: Embedded) -> dict[str, str]:
    """Somebody is invited, signs in as a browser and as a program, changes his password."""
    admin = administrator(running)
    project = admin.ask("GET", f"/v1/projects/{running.endpoints['project_id']}")
    org, own = project["org_id"], project["id"]
    email = f"sam-{time.time_ns()}@example.com"
    first, second, wrong = (f"a password {token_urlsafe(24)}" for _ in range(3))
    made = invited(admin, "projects", own, email, "project.member")["invitation_token"]
    body = {"token": made, "password": first}
    assert send(admin.url, "POST", "/v1/invitations/accept", body).status == 200
    assert send(admin.url, "POST", "/v1/sign-in", {"email": email, "password": wrong}).status == 401
    person, browser = sign_in(running, email, first), sign_in(running, email, first, kind="cookie")
    refresh = {"refresh_token": person.signed_in["refresh_token"]}
    following = send(admin.url, "POST", "/v1/tokens/refresh", refresh).data
    for_data = person.token(f"dp:{project['data_plane_id']}", own)
    change = {"password": wrong, "new_password": second}
    assert send(admin.url, "POST", "/v1/me/password", change, browser.headers).status == 401
    browser.ask("POST", "/v1/me/password", {"password": first, "new_password": second})
    assert send(admin.url, "POST", "/v1/tokens/refresh", refresh).status == 401
    plane = admin.ask("POST", f"/v1/orgs/{org}/data-planes", {"name": f"other {time.time_ns()}"})
    return {
        "invitation token": made,
        "password": first,
        "changed password": second,
        "wrong password": wrong,
        "access token": person.signed_in["access_token"],
        "access token for the data plane": for_data,
        "refreshed access token": following["access_token"],
        "refresh token": refresh["refresh_token"],
        "next refresh token": following["refresh_token"],
        "cookie": browser.cookie,
        "CSRF token": browser.headers["X-CSRF-Token"],
        "one-time token of another plane": plane["one_time_token"],
        **_of_the_operator(running, f"x{email}"),
        **_keys(admin, own, org),
    }


def _of_the_operator(running: Embedded, email: str) -> dict[str, str]:
    """Passwords that ``hh admin`` prints, once."""
    found = {}
    for command, *where in (("add", "--organisation", running.organisation), ("reset-password",)):
        told = running.hh("admin", "user", command, email, *where, "--json").stdout
        found[f"password of hh admin user {command}"] = str(json.loads(told)["password"])
    return found


def _keys(admin: Person, project: str, org: str) -> dict[str, str]:
    """One of each kind, made by the API."""
    kinds = ("project", "read_only", "ingestion")
    made = {f"{kind} key, made": admin.key("projects", project, kind)[0] for kind in kinds}
    made["data-plane key"], _ = admin.key(
        "projects", project, "data_plane", "project.search_events", "project.receive_traces"
    )
    made["control-plane key, made"], _ = admin.key(
        "orgs", org, "control_plane", "org.get_organisation"
    )
    return made


async def _of_the_data_plane(running: Embedded) -> dict[str, str]:
    """What its processes hold only in memory, got as they get it."""
    layout = Layout.of(running.folder)
    config = tomllib.loads(layout.config("data", "api").read_text())
    identity = ClusterIdentity(UUID(config["dp_id"]), layout.identity)
    key, chain = identity.key(), identity.chain()
    assert key is not None
    assert chain is not None
    async with open_channel(config["control"]["intake"], None) as channel:
        token = await ClusterTokens(identity, channel).token()
    assertion = identity.assertion(key, chain.issuer, now=time.time())
    return {"cluster token": token, "assertion": assertion}


def _private_keys(running: Embedded) -> dict[str, bytes]:
    """As they stand in their files, and the number that each of them is."""
    layout = Layout.of(running.folder)
    pems = {"data plane's key": (layout.identity / "key.pem").read_text()}
    for name in ("token", "configuration"):
        text = (layout.trust / f"{name}-keys.json").read_text().replace("\\n", "\n")
        pems[f"{name} key"] = _PEM.findall(text)[-1]
    found = {"name key": (layout.plane("data") / "name.key").read_bytes()}
    for name, pem in pems.items():
        key = load_pem_private_key(pem.encode(), None)
        assert isinstance(key, EllipticCurvePrivateKey)
        found[name] = pem.splitlines()[2][:24].encode()
        found[f"number of the {name}"] = key.private_numbers().private_value.to_bytes(32, "big")
    return found


def _used(running: Embedded, texts: Mapping[str, str]) -> None:
    """Every key and token opens its door."""
    told = running.endpoints
    named, search = {"X-HH-Project-Id": told["project_id"]}, {"filters": []}
    readers = ("project key", "project key, made", "read_only key, made", "data-plane key")
    for name in readers:
        shown = bearer(texts[name], **named)
        until(
            lambda headers=shown: (
                send(told["data_url"], "POST", "/v1/events/search", search, headers).status == 200
            ),
            seconds=60,
            what=f"the data plane knows the {name}",
        )
    body = {"session": {"session_name": "s"}}
    shown = bearer(texts["ingestion key, made"])
    assert send(told["data_url"], "POST", "/session/start", body, shown).status == 200
    shown = bearer(texts["control-plane key, made"])
    assert send(told["control_url"], "GET", "/v1/me", None, shown).status in (401, 403)


def _misused(running: Embedded, text: str) -> Iterator[bytes]:
    """A secret where it does not belong; what each refusal says."""
    quoted = urllib.parse.quote(text, safe="")
    body: dict[str, Any] = {text: text, "token": text, "refresh_token": text, "session": text}
    broken = json.dumps(body).encode() + text.encode()
    elsewhere = {"Cookie": f"hh_session={quoted}", "X-API-Key": text, "X-CSRF-Token": text}
    for plane, doors in DOORS.items():
        url = running.endpoints[f"{plane}_url"]
        for method, path in doors:
            for answer in (
                send(url, method, f"{path}?api_key={quoted}&limit={quoted}"),
                send(url, method, f"{path}/{quoted}", body, bearer(text)),
                send(url, method, path, body, bearer(f"{text} {text}")),
                send(url, method, path, text.encode(), {"Authorization": text}),
                send(url, method, path, broken, elsewhere),
            ):
                if answer.status >= 400:
                    yield answer.text


def _misused_by_grpc(running: Embedded, text: str) -> Iterator[bytes]:
    told = running.endpoints
    calls = (
        (told["otlp_grpc"], "/opentelemetry.proto.collector.trace.v1.TraceService/Export"),
        (told["intake"], "/hh.controller.v1.Controller/Token"),
        (told["intake"], "/hh.controller.v1.Controller/Enrol"),
        (told["intake"], f"/{urllib.parse.quote(text, safe='')}/Append"),
    )
    for target, method in calls:
        with grpc.insecure_channel(target) as channel:
            call = channel.unary_unary(method)
            for header in (text, f"Bearer {text}", f"Basic {text}"):
                metadata = [("authorization", header), ("x-hh-project-id", text)]
                said = call.future(text.encode(), metadata=metadata, timeout=10)
                assert said.code() is not grpc.StatusCode.OK
                yield f"{said.code()} {said.details()} {said.trailing_metadata()}".encode()


def _places(running: Embedded, folder: Path) -> dict[str, bytes]:
    """All that the platform wrote and shows."""
    bundle = folder / "bundle.tar.gz"
    shown = running.hh("doctor", "--output", str(bundle)).stdout
    pids = running.reload()["processes"].values()
    lines = [" ".join(psutil.Process(pid).cmdline()) for pid in pids]
    return {
        **files(running.folder),
        **{name: data for plane in DOORS for name, data in dumps(running, plane).items()},
        **{f"{plane} metrics": metrics(running, plane) for plane in DOORS},
        "command lines": "\n".join(lines).encode(),
        "hh doctor": shown.encode(),
        "the support bundle": bundle.read_bytes(),
    }


def _essence(text: str) -> bytes:
    """The part that nobody can know: a log that cuts a secret short still shows it."""
    if text.startswith("hh_enrol_"):  # its end is the name of a public key
        return text[9:52].encode()
    return text.encode()[-32:]
