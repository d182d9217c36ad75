"""Who is revoked is refused by the data plane within a minute, and after its restart alone too."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import grpc
import pytest
from embedded import Embedded
from embedded.office import Person, administrator, bearer, invited, send, sign_in
from embedded.steps import kill, serves_again, until
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2_grpc import TraceServiceStub

PROMISED_SECONDS = 60.0
DATA_PLANE = ("data.ingest", "data.api", "data.dispatch")
CONTROL_PLANE = ("control.api", "control.postgres", "control.nats", "control.clickhouse")


@dataclass(frozen=True, slots=True)
class Somebody:
    """A key or a token, and the door that it opens."""

    running: Embedded
    secret: str
    project: str = ""
    """Named in a header; a key names its own."""
    over_grpc: bool = False
    path: str = "/v1/events/search"
    body: str = '{"filters": []}'

    def status(self) -> int:
        """As HTTP names it."""
        if self.over_grpc:
            return self._grpc()
        named = {"X-HH-Project-Id": self.project} if self.project else {}
        url, body = self.running.endpoints["data_url"], self.body.encode()
        return send(url, "POST", self.path, body, bearer(self.secret, **named)).status

    def _grpc(self) -> int:
        metadata = [("authorization", f"Bearer {self.secret}")]
        if self.project:
            metadata.append(("x-hh-project-id", self.project))
        with grpc.insecure_channel(self.running.endpoints["otlp_grpc"]) as channel:
            call = TraceServiceStub(channel).Export
            try:
                call(ExportTraceServiceRequest(), metadata=metadata, timeout=10)
            except grpc.RpcError as error:
                known = {
                    grpc.StatusCode.UNAUTHENTICATED: 401,
                    grpc.StatusCode.PERMISSION_DENIED: 403,
                }
                return known.get(error.code(), 404 if error.code().name == "NOT_FOUND" else 503)
        return 200


@dataclass(frozen=True, slots=True)
class House:
    """A project with somebody to revoke, who was let in at every door a moment ago."""

    running: Embedded
    admin: Person
    project: str
    doors: dict[str, Somebody]
    revoke: dict[str, Callable[[], object]]
    stays: list[Somebody]


@pytest.fixture(scope="module")
def house(running: Embedded) -> House:
    admin = administrator(running)
    first = admin.ask("GET", f"/v1/projects/{running.endpoints['project_id']}")
    plane, workspace = first["data_plane_id"], first["workspace_id"]
    body = {"name": f"revoked {time.time_ns()}", "data_plane_id": plane}
    project = str(admin.ask("POST", f"/v1/workspaces/{workspace}/projects", body)["id"])
    keys = {
        kind: admin.key("projects", project, kind) for kind in ("project", "ingestion", "read_only")
    }
    may = [f"project.{name}" for name in ("search_events", "receive_traces", "start_session")]
    keys["data_plane"] = admin.key("projects", project, "data_plane", *may)
    removed, signed_out = (_member(running, admin, project, name) for name in ("rita", "otto"))
    tokens = {
        who: person.token(f"dp:{plane}", project)
        for who, (person, _) in {"removed": removed, "signed out": signed_out}.items()
    }
    stays, _ = admin.key("projects", project, "project")
    doors = {}
    for kind, (secret, _) in keys.items():
        named = project if kind == "data_plane" else ""
        if kind != "ingestion":
            doors[f"{kind} key by HTTP"] = Somebody(running, secret, named)
        if kind != "read_only":
            doors[f"{kind} key by gRPC"] = Somebody(running, secret, named, over_grpc=True)
            traces = {"path": "/session/start", "body": '{"session": {"session_name": "s"}}'}
            doors[f"{kind} key that writes"] = Somebody(running, secret, named, **traces)
    for who, token in tokens.items():
        doors[f"person {who} by HTTP"] = Somebody(running, token, project)
        doors[f"person {who} by gRPC"] = Somebody(running, token, project, over_grpc=True)
    revoke: dict[str, Callable[[], object]] = {
        **{
            f"{kind} key": lambda key_id=key_id: admin.ask(
                "DELETE", f"/v1/projects/{project}/keys/{key_id}"
            )
            for kind, (_, key_id) in keys.items()
        },
        "person removed": lambda: admin.ask(
            "DELETE", f"/v1/projects/{project}/members/{removed[1]}"
        ),
        "person signed out": lambda: signed_out[0].ask("POST", "/v1/sign-out"),
    }
    return House(
        running,
        admin,
        project,
        doors,
        revoke,
        [Somebody(running, stays), Somebody(running, stays, over_grpc=True)],
    )


def _member(running: Embedded, admin: Person, project: str, name: str) -> tuple[Person, str]:
    email, password = f"{name}-{time.time_ns()}@example.com", "a password of twenty-eight"
    made = invited(admin, "projects", project, email, "project.member")
    body = {"token": made["invitation_token"], "password": password}
    assert send(admin.url, "POST", "/v1/invitations/accept", body).status == 200
    return sign_in(running, email, password), made["user_id"]


def _refused(somebody: Somebody) -> bool:
    return somebody.status() in (401, 403, 404)


@pytest.mark.timeout(240)
def test_who_is_revoked_is_refused_within_a_minute_and_after_a_restart_alone(
    house: House, record_testsuite_property: Callable[[str, object], None]
) -> None:
    running = house.running
    everybody = [*house.doors.values(), *house.stays]
    until(
        lambda: all(door.status() == 200 for door in everybody), seconds=60, what="all are let in"
    )

    for name, revoke in house.revoke.items():
        doors = [door for label, door in house.doors.items() if label.startswith(name)]
        assert doors, name
        assert [door.status() for door in doors] == [200] * len(doors), f"{name}, before"
        began = time.monotonic()
        revoke()
        until(
            lambda shut=doors: all(_refused(each) for each in shut),
            seconds=PROMISED_SECONDS,
            what=f"{name} is refused at every door",
        )
        record_testsuite_property(
            f"{name}: seconds until refused", round(time.monotonic() - began, 2)
        )

    with running.stopped(*CONTROL_PLANE):
        serves_again(running, kill(running, *DATA_PLANE), seconds=60)

        assert {
            label: door.status() for label, door in house.doors.items() if not _refused(door)
        } == {}
        assert [door.status() for door in house.stays] == [200, 200]
        unknown = Somebody(running, house.stays[0].secret[:-4] + "0000")
        assert unknown.status() == 401
