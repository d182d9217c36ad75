"""Every operation of the data plane, by everybody, on own, foreign and unknown projects: exactly
what the policy says, over the real doors, and not a byte of another tenant."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import product
from pathlib import Path
from typing import Any
from uuid import UUID

import aiohttp
import grpc
import orjson
import pytest
from access_house import (
    DAY_MS,
    FOREIGN,
    ORG,
    OWN,
    UNKNOWN_PROJECT,
    WORKSPACE,
    AccessHouse,
    bearer,
)
from ingest_house import House, ingest_house
from read_house import START_MS, ReadHouse, export, read_house, span

from hh_core.domain.api_keys import KeyKind
from hh_core.domain.authority import ApiKey, Caller, Decision, Person, decide
from hh_core.domain.policy import Audience, Operation, Plane, operation, permissions
from hh_core.domain.scopes import Level, Role, Scope
from hh_core.domain.segments import SegmentRecord
from hh_core.errors import UnavailableError
from hh_data.api.app import DOCUMENT, ReadApi
from hh_data.api.positions import open_positions
from hh_data.ingest.signals import SIGNALS
from hh_data.key_uses import KeyUses
from hh_runtime.access import PROJECT_HEADER, Access
from hh_runtime.http import listening
from hh_runtime.net import Address
from hh_runtime.schemas import schema_bytes

EVENT, SESSION = "0b6a7f3e-8a39-4b6e-8a53-4d0a3f1f9c01", "0b6a7f3e-8a39-4b6e-8a53-4d0a3f1f9c02"
OWN_CANARY, FOREIGN_CANARY = "canaryofthehouse", "canaryoftheothers"
ANNA, BERT = UUID(int=0xAAA), UUID(int=0xBBB)
EVERYTHING = permissions(Level.PROJECT, KeyKind.DATA_PLANE)
STATUS = {Decision.ALLOWED: 200, Decision.FORBIDDEN: 403, Decision.UNKNOWN: 404}


@dataclass
class World:
    papers: AccessHouse
    ingest: House
    read: ReadHouse
    access: Access
    """Of the read API."""
    client: aiohttp.ClientSession
    callers: dict[str, tuple[str, Caller | None]] = field(default_factory=dict)
    """By what they are: what they show, and who the policy should take them for."""

    async def ask(
        self, method: str, path: str, shown: str, body: Any = None, project: str | None = None
    ) -> tuple[int, bytes]:
        headers = {"Authorization": bearer(shown), "Content-Type": "application/json"}
        if project is not None:
            headers[PROJECT_HEADER] = project
        data = None if method == "GET" else orjson.dumps(body)
        async with self.client.request(
            method, self.ingest.url + path, data=data, headers=headers
        ) as answer:
            return answer.status, await answer.read()


@asynccontextmanager
async def world(folder: Path) -> AsyncIterator[World]:
    papers = AccessHouse(folder / "access.json")
    papers.member(ANNA, OWN, Role.PROJECT_MEMBER)
    papers.member(BERT, FOREIGN, Role.PROJECT_ADMIN)
    callers = everybody(papers)
    papers.write()
    async with (
        read_house() as read,
        ingest_house(folder, keys=papers.path, refused=frozenset()) as ingest,
        aiohttp.ClientSession() as client,
    ):
        access = Access(papers.path)
        api = ReadApi(
            access, read.reader, read.sessions, read.outlines, read.costs, read.raw
        ).application()
        async with listening(api, Address(path=folder / "api.sock"), drain_seconds=1.0):
            for number, (scope, canary) in enumerate(
                ((OWN, OWN_CANARY), (FOREIGN, FOREIGN_CANARY))
            ):
                await read.accept(export(*spans(canary), project=scope.id, sequence=number + 1))
            yield World(papers, ingest, read, access, client, callers)


def spans(canary: str) -> list[dict[str, Any]]:
    """Ids of both tenants are equal: all of them collide."""
    common: dict[str, Any] = {"honeyhive_event_id": EVENT, "honeyhive__session_id": SESSION}
    common["honeyhive_inputs.q"] = canary
    first = span(1, name=canary, **common)
    return [first, *(span(n, parent=1, name=f"{canary}{n}") for n in range(2, 5))]


def everybody(papers: AccessHouse) -> dict[str, tuple[str, Caller | None]]:
    none = UUID(int=0)
    callers: dict[str, tuple[str, Caller | None]] = {}
    for kind in (KeyKind.PROJECT, KeyKind.READ_ONLY, KeyKind.INGESTION):
        callers[kind] = papers.key(kind), ApiKey(none, kind, OWN)
    roles = {OWN.id: frozenset({Role.PROJECT_MEMBER})}
    one = frozenset({"project.get_event"})
    dp = KeyKind.DATA_PLANE
    for name, root, may, creator, lent in (
        ("data-plane key", OWN, EVERYTHING, None, {}),
        ("data-plane key for events only", OWN, one, None, {}),
        ("data-plane key of the organisation by a member", Scope(ORG), EVERYTHING, ANNA, roles),
        ("data-plane key of the workspace", Scope(ORG, WORKSPACE), one, ANNA, roles),
        ("data-plane key of the organisation by an outsider", Scope(ORG), EVERYTHING, BERT, {}),
    ):
        callers[name] = (
            papers.key(dp, root, may, creator=creator),
            ApiKey(none, dp, root, may, lent),
        )
    callers["control-plane key"] = (
        papers.key(KeyKind.CONTROL_PLANE, OWN, EVERYTHING),
        ApiKey(none, KeyKind.CONTROL_PLANE, OWN, EVERYTHING),
    )
    callers["member"] = papers.token(ANNA, {OWN: list(Role)}), Person(ANNA, none, roles)
    callers["nobody here"] = papers.token(UUID(int=0xCCC), {OWN: list(Role)}), Person(none, none)
    callers["expired key"] = papers.key(KeyKind.PROJECT, expires_ms=1), None
    callers["unknown key"] = "hh_unknown", None
    callers["expired token"] = papers.token(ANNA, {OWN: list(Role)}, iat=1, nbf=1, exp=900), None
    return callers


def routes() -> Iterator[tuple[str, str, Operation]]:
    spec = orjson.loads(schema_bytes(DOCUMENT))
    for path, item in spec["paths"].items():
        for method, said in item.items():
            rule = operation(Plane.DATA, said["operationId"])
            if rule.audience is Audience.SCOPE:
                yield method.upper(), path, rule


BODIES: Mapping[str, Any] = {
    "receive_traces": {"resourceSpans": [{"scopeSpans": [{"spans": spans("written")}]}]},
    "receive_logs": {"resourceLogs": [{"scopeLogs": [{"logRecords": [{"body": {}}]}]}]},
    "receive_metrics": {
        "resourceMetrics": [{"scopeMetrics": [{"metrics": [{"sum": {"dataPoints": [{}]}}]}]}],
    },
    "start_session": {"session": {"session_id": SESSION}},
    "create_event": {"event": {"event_id": EVENT, "event_type": "tool", "event_name": "e"}},
    "update_event": {"event_id": EVENT, "metadata": {"a": 1}},
    "create_events": {"events": [{"event_type": "tool", "event_name": "e"}]},
    "export_events": {"filters": [], "limit": 10},
    "search_events": {
        "filters": [{"field": "inputs.q", "operator": "contains", "value": "canary",
                     "type": "string"}],
    },
    "event_histogram": {"filters": []},
    "event_values": {"field": "inputs.q"},
}  # fmt: skip


def run(folder: Path, test: Callable[[World], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(100), world(folder) as ready:
            await test(ready)

    asyncio.run(main())


def scope_of(named: UUID | None, caller: Caller) -> Scope | None:
    if named is None:
        return caller.root if isinstance(caller, ApiKey) else None
    return {OWN.id: OWN, FOREIGN.id: FOREIGN}.get(named)


def expected(caller: Caller | None, rule: Operation, named: UUID | None) -> int:
    if caller is None:
        return 401
    if named is None and (not isinstance(caller, ApiKey) or caller.root.project is None):
        return 422
    return STATUS[decide(caller, rule, scope_of(named, caller))]


def test_every_operation_by_everybody_is_what_the_policy_says(tmp_path: Path) -> None:
    async def test(world: World) -> None:
        seen = {200: 0, 401: 0, 403: 0, 404: 0, 422: 0}
        for method, path, rule in routes():
            by_path = "{project_id}" in path
            for who, (shown, caller) in world.callers.items():
                bodies = {}
                for named in (OWN.id, FOREIGN.id, UNKNOWN_PROJECT, *(() if by_path else (None,))):
                    target = path.replace("{project_id}", str(named))
                    target = target.replace("{event_id}", EVENT).replace("{session_id}", SESSION)
                    header = None if by_path or named is None else str(named)
                    status, body = await world.ask(
                        method, target, shown, BODIES.get(rule.name, {}), header
                    )
                    said = (method, path, who, named, status, body[:200])
                    assert status == expected(caller, rule, named), said
                    assert FOREIGN_CANARY.encode() not in body, said
                    is_read = method != "PUT" and not path.endswith("/cost")
                    has_content = is_read and rule.name in (
                        "export_events", "search_events", "event_values", "get_event",
                        "get_session",
                    )  # fmt: skip
                    assert (OWN_CANARY.encode() in body) == (status == 200 and has_content), said
                    seen[status] += 1
                    bodies[named] = body
                assert bodies[FOREIGN.id] == bodies[UNKNOWN_PROJECT], (path, who)
        assert all(seen.values()), seen
        written = await records_of(world)
        assert {record.header.project for record in written} == {OWN.id}
        assert len(written) == sum(
            expected(caller, rule, named) == 200
            for method, path, rule in routes()
            if rule.name.startswith(("receive", "start", "create", "update"))
            for _, caller in world.callers.values()
            for named in (OWN.id, FOREIGN.id, UNKNOWN_PROJECT, None)
        )

    run(tmp_path, test)


def test_no_field_of_a_body_leads_a_write_to_another_project(tmp_path: Path) -> None:
    """Batches too; whatever the fields are called, and whether they are taken or refused."""
    names = ("project", "project_id", "tenant", "org_id", "workspace_id", "dp_id")
    foreign = dict.fromkeys(names, str(FOREIGN.id))

    async def test(world: World) -> None:
        shown, _ = world.callers[KeyKind.PROJECT]
        seen = 0
        for method, path, rule in routes():
            if method == "GET" or rule.name not in BODIES or "{project_id}" in path:
                continue
            body = BODIES[rule.name]
            for sent in ({**body, **foreign}, {name: _with(body[name], foreign) for name in body}):
                status, answer = await world.ask(method, path, shown, sent)
                assert status in (200, 400, 422), (path, answer)
                assert FOREIGN_CANARY.encode() not in answer
                seen += status == 200
        assert seen > 10
        written = await records_of(world)
        assert {record.header.project for record in written} == {OWN.id}

    run(tmp_path, test)


def _with(value: Any, added: dict[str, str]) -> Any:
    """Each object in ``value`` with these fields too."""
    if isinstance(value, list):
        return [_with(each, added) for each in value]
    return {**value, **added} if isinstance(value, dict) else value


async def records_of(world: World) -> list[SegmentRecord]:
    return await world.ingest._shipped()


CODES = {
    200: grpc.StatusCode.OK,
    401: grpc.StatusCode.UNAUTHENTICATED,
    403: grpc.StatusCode.PERMISSION_DENIED,
    404: grpc.StatusCode.NOT_FOUND,
    422: grpc.StatusCode.INVALID_ARGUMENT,
}


def test_over_grpc_it_is_the_same(tmp_path: Path) -> None:
    async def test(world: World) -> None:
        async with grpc.aio.insecure_channel(world.ingest.grpc) as channel:
            for signal, (who, (shown, caller)) in product(SIGNALS, world.callers.items()):
                rule = operation(Plane.DATA, f"receive_{signal.name}")
                call = channel.unary_unary(f"/{signal.service}/Export")
                for named in (OWN.id, FOREIGN.id, UNKNOWN_PROJECT, None):
                    metadata = [("authorization", bearer(shown))]
                    if named is not None:
                        metadata.append((PROJECT_HEADER.lower(), str(named)))
                    try:
                        await call(b"", metadata=metadata)
                        code = grpc.StatusCode.OK
                    except grpc.aio.AioRpcError as error:
                        code = error.code()
                    assert code is CODES[expected(caller, rule, named)], (signal.name, who, named)
        assert {record.header.project for record in await records_of(world)} <= {OWN.id}

    run(tmp_path, test)


def test_equal_ids_of_two_tenants_stay_two_things(tmp_path: Path) -> None:
    """SECURITY C28: event, session, trace and span ids collide; cursors and filters too."""

    async def test(world: World) -> None:
        keys = {OWN_CANARY: world.papers.key(KeyKind.PROJECT)}
        keys[FOREIGN_CANARY] = world.papers.key(KeyKind.PROJECT, FOREIGN)
        world.papers.write()
        for canary, key in keys.items():
            (other,) = keys.keys() - {canary}
            for method, path, body in (
                ("GET", f"/v1/events/{EVENT}", None),
                ("GET", f"/v1/sessions/{SESSION}", None),
                ("GET", f"/session/{SESSION}", None),
                ("GET", f"/v1/sessions/{SESSION}/outline", None),
                ("GET", "/v1/events/schema", None),
                ("POST", "/v1/events/export", BODIES["export_events"]),
                ("POST", "/v1/events/search", BODIES["search_events"]),
                ("POST", "/v1/events/values", BODIES["event_values"]),
                ("POST", "/v1/events/values", {"field": "event_name"}),
                ("POST", "/v1/events/export", {"filters": [], "project": str(FOREIGN.id)}),
                ("POST", "/v1/events/export", {"filters": [{"field": "project_id", "operator": "is",
                 "value": str(FOREIGN.id), "type": "id"}]}),
            ):  # fmt: skip
                for _ in range(2):  # the second time from caches
                    status, answer = await world.ask(method, path, key, body)
                    assert status in (200, 400), (path, answer)
                    assert other.encode() not in answer, path
                    if status == 200 and "schema" not in path and "project" not in str(body):
                        assert canary.encode() in answer, path

    run(tmp_path, test)


def test_a_cursor_of_one_project_is_none_of_another(tmp_path: Path) -> None:
    """SECURITY C24: though session and question are equal in both."""

    async def test(world: World) -> None:
        own, _ = world.callers[KeyKind.PROJECT]
        other = world.papers.key(KeyKind.PROJECT, FOREIGN)
        world.papers.write()
        path = f"/v1/sessions/{SESSION}?limit=1"
        _, page = await world.ask("GET", path, own)
        cursor = json.loads(page)["next_cursor"]
        assert cursor

        status, answer = await world.ask("GET", f"{path}&cursor={cursor}", own)
        assert status == 200
        assert OWN_CANARY in answer.decode()
        foreign = await world.ask("GET", f"{path}&cursor={cursor}", other)
        garbage = await world.ask("GET", f"{path}&cursor=AAAA", other)
        assert foreign == garbage
        assert foreign[0] == 400

    run(tmp_path, test)


@pytest.mark.parametrize("name", ["project", "member"])
def test_who_is_revoked_is_refused_at_every_door_at_once(tmp_path: Path, name: str) -> None:
    async def test(world: World) -> None:
        shown, _ = world.callers[name]
        project = str(OWN.id)
        write, read = "/v1/events", f"/v1/projects/{project}/events/{EVENT}"
        body = BODIES["create_event"]
        assert (await world.ask("POST", write, shown, body, project))[0] == 200
        assert (await world.ask("GET", read, shown))[0] == 200

        world.papers.keys.clear()
        world.papers.revocations.append(
            {"subject": f"user/{ANNA}", "issued_before_ms": world.papers.now_ms + DAY_MS}
        )
        world.papers.write()

        assert (await world.ask("POST", write, shown, body, project))[0] == 401
        assert (await world.ask("GET", read, shown))[0] == 401

    run(tmp_path, test)


def test_a_draining_plane_answers_questions_and_asks_writers_to_come_back(tmp_path: Path) -> None:
    async def test(world: World) -> None:
        shown, _ = world.callers[KeyKind.PROJECT]
        world.papers.write(draining=True)
        for path in ("/v1/traces", "/v1/events"):
            async with world.client.post(
                world.ingest.url + path, json={}, headers={"Authorization": bearer(shown)}
            ) as answer:
                assert answer.status == 503
                assert int(answer.headers["Retry-After"]) > 0
                assert "draining" in (await answer.json())["message"]
        assert (await world.ask("GET", f"/v1/events/{EVENT}", shown))[0] == 200
        assert await records_of(world) == []

    run(tmp_path, test)


def test_the_plane_knows_which_keys_were_used_at_any_door(tmp_path: Path) -> None:
    async def test(world: World) -> None:
        writer, _ = world.callers[KeyKind.INGESTION]
        reader, _ = world.callers["data-plane key"]
        await world.ask("POST", "/v1/events", writer, BODIES["create_event"])
        await world.ask("GET", f"/v1/projects/{OWN.id}/events/{EVENT}", reader)
        async with (
            open_positions([world.ingest.settings.internal]) as here,
            open_positions([Address(path=tmp_path / "gone.sock")]) as gone,
        ):
            uses = await KeyUses(world.access, [*here.doors, *gone.doors]).key_uses()
            with pytest.raises(UnavailableError):
                await gone.doors[0].key_uses()

        ids = {item["kind"]: item["key_id"] for item in world.papers.keys[:4]}
        used = {str(key_id): ms for key_id, ms in uses.items()}
        assert used.keys() == {ids[KeyKind.INGESTION], ids[KeyKind.DATA_PLANE]}
        assert all(ms % 3_600_000 == 0 and ms > START_MS for ms in used.values())

    run(tmp_path, test)


def test_no_answer_and_no_log_holds_what_was_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """SECURITY B13."""
    caplog.set_level("DEBUG")

    async def test(world: World) -> None:
        for shown, _ in world.callers.values():
            for path in ("/v1/traces", "/v1/events/export", f"/v1/projects/{OWN.id}/events/x"):
                method = "GET" if "projects" in path else "POST"
                _, body = await world.ask(method, path, shown, {})
                assert shown.encode() not in body
        for shown, _ in world.callers.values():
            assert not re.search(re.escape(shown), caplog.text)

    run(tmp_path, test)
