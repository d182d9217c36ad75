"""Organisations, workspaces, projects and their members over the API."""

from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from control_house import PASSWORD, Answer, Browser, ControlHouse, Tenant, run

from hh_control.answers import moment
from hh_core.domain.authority import Person
from hh_core.domain.scopes import Scope
from hh_core.ports.records import Record
from hh_core.usecases.memberships import MEMBER_TURNS
from hh_memory.records import MemoryUnit

ADA, GRACE, EVE = "ada@example.org", "grace@example.org", "eve@example.org"
NEW = "a password of her own"
LEVELS = ("org", "workspace", "project")


def path(scope: Scope) -> str:
    return f"/v1/{scope.level}s/{scope.id}"


async def accept(
    house: ControlHouse, token: str, password: str = NEW, name: str = "Grace"
) -> Answer:
    body = {"token": token, "password": password, "name": name}
    return await house.anybody().post("/v1/invitations/accept", body)


async def with_tenant(house: ControlHouse, email: str = ADA) -> tuple[Browser, Tenant]:
    user_id = await house.onboarded(email)
    return await house.browser(email), await house.organisation(user_id)


def test_whoever_makes_a_place_is_its_administrator_and_of_nothing_in_it(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        await house.onboarded(ADA)
        ada = await house.browser(ADA)
        org = (await ada.post("/v1/orgs", {"name": " Ada's "})).data
        await ada.post(f"/v1/orgs/{org['id']}/data-planes", {"name": "eu"})
        workspace = (await ada.post(f"/v1/orgs/{org['id']}/workspaces", {"name": "w"})).data
        projects = f"/v1/workspaces/{workspace['id']}/projects"
        project = (await ada.post(projects, {"name": "p", "promoted": ["b", "a"]})).data
        roles = {
            each["id"]: each["role_names"] for each in (await ada.get("/v1/me")).data["memberships"]
        }

        assert org["name"] == "Ada's"
        assert roles == {
            org["id"]: ["org.admin"],
            workspace["id"]: ["workspace.admin"],
            project["id"]: ["project.admin"],
        }
        assert project["promoted"] == ["a", "b"]
        assert (await ada.get(f"/v1/projects/{project['id']}")).data == project
        assert (await ada.get(projects)).data == [project]
        assert (await ada.get("/v1/orgs")).data == [org]
        assert (await ada.get(f"/v1/orgs/{org['id']}/workspaces")).data == [workspace]

    run(tmp_path, test)


def test_an_administrator_above_sees_nothing_of_what_another_makes_below(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        ada, tenant = await with_tenant(house)
        invited = (
            await ada.post(
                f"{path(tenant.org)}/members", {"email": GRACE, "role_names": ["org.admin"]}
            )
        ).data
        await accept(house, invited["invitation_token"])
        grace = await house.browser(GRACE, NEW)

        assert (await grace.get(path(tenant.org))).status == 200
        assert (await grace.get(path(tenant.workspace))).status == 404
        assert (await grace.get(path(tenant.project))).status == 404

    run(tmp_path, test)


@pytest.mark.parametrize("level", range(3))
def test_the_invited_sets_a_password_by_a_token_that_counts_once(
    tmp_path: Path, level: int
) -> None:
    async def test(house: ControlHouse) -> None:
        ada, tenant = await with_tenant(house)
        scope = (tenant.org, tenant.workspace, tenant.project)[level]
        members = f"{path(scope)}/members"

        first = (await ada.post(members, {"email": GRACE})).data
        second = (await ada.post(members, {"email": GRACE.upper()})).data
        old = await accept(house, first["invitation_token"])
        new = await accept(house, second["invitation_token"])
        again = await accept(house, second["invitation_token"])
        listed = {each["email"]: each for each in (await ada.get(members)).data}
        third = (await ada.post(members, {"email": GRACE})).data

        assert first["user_id"] == second["user_id"]
        assert (first["state"], first["role_names"]) == ("INVITED", [f"{LEVELS[level]}.member"])
        assert (old.status, new.status, again.status) == (401, 200, 401)
        assert (listed[GRACE]["state"], listed[GRACE]["name"]) == ("ONBOARDED", "Grace")
        assert (third["state"], third["invitation_token"]) == ("ONBOARDED", None)
        assert (await (await house.browser(GRACE, NEW)).get(path(scope))).status == 200
        kept = repr(await house.dump())
        assert first["invitation_token"] not in kept
        assert second["invitation_token"] not in kept

    run(tmp_path, test)


def test_an_invitation_ends_after_seven_days(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        ada, tenant = await with_tenant(house)
        invited = (await ada.post(f"{path(tenant.org)}/members", {"email": GRACE})).data
        house.now_ms += 7 * 86_400_000

        assert (await accept(house, invited["invitation_token"])).status == 401

    run(tmp_path, test)


def test_who_has_the_account_of_an_address_gets_no_role_that_was_meant_for_its_person(
    tmp_path: Path,
) -> None:
    """Anybody can invite any address into an organisation of his own, and accept himself."""

    async def test(house: ControlHouse) -> None:
        ada, of_ada = await with_tenant(house)
        eve, of_eve = await with_tenant(house, EVE)
        meant = (await ada.post(f"{path(of_ada.project)}/members", {"email": GRACE})).data
        taken = (await eve.post(f"{path(of_eve.org)}/members", {"email": GRACE})).data
        assert (await accept(house, taken["invitation_token"], "eve knows this one")).status == 200
        squatter = await house.browser(GRACE, "eve knows this one")

        assert (await squatter.get(path(of_eve.org))).status == 200
        assert (await squatter.get(path(of_ada.project))).status == 404
        assert (await accept(house, meant["invitation_token"], NEW)).status == 401
        later = (await ada.post(f"{path(of_ada.org)}/members", {"email": GRACE})).data
        assert later["state"] == "INVITED"
        assert (await squatter.get(path(of_ada.org))).status == 404

    run(tmp_path, test)


def test_the_last_administrator_stays(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        ada, tenant = await with_tenant(house)
        me = (await ada.get("/v1/me")).data["user"]["user_id"]
        members = f"{path(tenant.org)}/members"
        body = {"email": GRACE, "role_names": ["org.admin"]}
        invited = (await ada.post(members, body)).data

        demoted = await ada("PATCH", f"{members}/{me}", {"role_names": ["org.member"]})
        removed = await ada("DELETE", f"{members}/{me}")
        assert (demoted.status, removed.status) == (409, 409)
        assert "another" in removed.body["message"]

        await accept(house, invited["invitation_token"])
        assert (await ada("DELETE", f"{members}/{me}")).status == 200
        assert (await ada.get(path(tenant.org))).status == 404

    run(tmp_path, test)


def test_a_member_who_is_removed_loses_role_invitation_and_tokens(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        ada, tenant = await with_tenant(house)
        members = f"{path(tenant.project)}/members"
        invited = (await ada.post(members, {"email": GRACE})).data
        await accept(house, invited["invitation_token"])
        open_one = (await ada.post(members, {"email": EVE})).data
        grace = await house.browser(GRACE, NEW)
        epoch = await house.kind("configuration")

        for member in (invited, open_one):
            gone = await ada("DELETE", f"{members}/{member['user_id']}")
            assert gone.status == 200

        assert (await grace.get(path(tenant.project))).status == 404
        assert (await accept(house, open_one["invitation_token"])).status == 401
        revoked = (await house.kind("revocations"))[f"user/{invited['user_id']}"]
        assert revoked["issued_before_ms"] > house.now_ms
        assert await house.kind("configuration") != epoch
        assert f"{tenant.project.id}/{invited['user_id']}" not in await house.kind("members")

    run(tmp_path, test)


def test_foreign_and_unknown_are_one_answer_and_nothing_of_the_other_changes(
    tmp_path: Path,
) -> None:
    async def test(house: ControlHouse) -> None:
        ada, tenant = await with_tenant(house)
        eve, own = await with_tenant(house, EVE)
        me = (await ada.get("/v1/me")).data["user"]["user_id"]
        before = await house.dump()
        unknown = UUID(int=9)
        for scope in (tenant.org, tenant.workspace, tenant.project):
            for method, tail, body in (
                ("GET", "", None),
                ("PUT", "", {"name": "eve's"}),
                ("GET", "/members", None),
                ("POST", "/members", {"email": EVE}),
                ("PATCH", f"/members/{me}", {"role_names": [f"{scope.level}.member"]}),
                ("DELETE", f"/members/{me}", None),
            ):
                foreign = await eve(method, f"{path(scope)}{tail}", body)
                absent = await eve(method, f"/v1/{scope.level}s/{unknown}{tail}", body)

                assert foreign.status == 404
                assert foreign.body == absent.body
        mine = f"{path(own.org)}/members"
        audit = await house.kind("audit")
        entry = next(key for key, each in audit.items() if each["org_id"] == str(tenant.org.id))
        swapped = [
            await eve.get(f"{mine}?after={me}"),
            await eve.get(f"{path(own.org)}/workspaces?after={tenant.workspace.id}"),
            await eve.get(f"{path(own.workspace)}/projects?after={tenant.project.id}"),
            await eve.get(f"{path(own.org)}/audit?after={entry}"),
            await eve("PATCH", f"{mine}/{me}", {"role_names": ["org.member"]}),
            await eve("DELETE", f"{mine}/{me}"),
        ]

        assert [answer.status for answer in swapped] == [404] * 6
        assert await house.dump() == before

    run(tmp_path, test)


def test_a_project_lives_on_a_data_plane_of_its_own_organisation(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        ada, tenant = await with_tenant(house)
        _, foreign = await with_tenant(house, EVE)
        projects = f"{path(tenant.workspace)}/projects"
        second = await house.data_plane(Person(uuid4(), uuid4()), tenant.org.id)

        unnamed = await ada.post(projects, {"name": "p"})
        named = await ada.post(projects, {"name": "p", "data_plane_id": second})
        theirs = await ada.post(projects, {"name": "p", "data_plane_id": foreign.data_plane})
        nobodys = await ada.post(projects, {"name": "p", "data_plane_id": str(uuid4())})

        assert (unnamed.status, theirs.status) == (422, 422)
        assert theirs.body == nobodys.body
        assert named.data["data_plane_id"] == second

    run(tmp_path, test)


def test_what_is_archived_does_not_exist(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        ada, tenant = await with_tenant(house)
        full = await ada("DELETE", path(tenant.workspace))
        gone = await ada("DELETE", path(tenant.project))
        empty = await ada("DELETE", path(tenant.workspace))

        assert (full.status, gone.status, empty.status) == (409, 200, 200)
        for scope in (tenant.project, tenant.workspace):
            assert (await ada.get(path(scope))).status == 404
            assert (await ada("PUT", path(scope), {"name": "x"})).status == 404
        assert (await ada.get(f"{path(tenant.org)}/workspaces")).data == []

    run(tmp_path, test)


@pytest.mark.parametrize(
    ("level", "field", "value"),
    [
        ("org", "id", "x"),
        ("org", "owner", "x"),
        ("org", "state", "archived"),
        ("workspace", "org_id", "x"),
        ("workspace", "created_at", "x"),
        ("project", "workspace_id", "x"),
        ("project", "org_id", "x"),
        ("project", "data_plane_id", "x"),
        ("project", "role_names", ["project.admin"]),
        ("project", "project_id", "x"),
        ("project", "retention_days", 0),
        ("project", "retention_days", True),
        ("project", "promoted", ["a b"]),
        ("project", "promoted", ["a", "a"]),
        ("project", "strict_names", 1),
        ("project", "name", ""),
        ("project", "name", "x" * 129),
        ("project", "name", "a\nb"),
    ],
)
def test_a_field_that_cannot_be_set_so_is_refused_by_name(
    tmp_path: Path, level: str, field: str, value: object
) -> None:
    async def test(house: ControlHouse) -> None:
        ada, tenant = await with_tenant(house)
        before = await house.dump()
        scope = {"org": tenant.org, "workspace": tenant.workspace, "project": tenant.project}[level]

        answer = await ada("PUT", path(scope), {"name": "new", field: value})

        assert answer.status == 422
        assert field in answer.body["message"]
        assert await house.dump() == before

    run(tmp_path, test)


@pytest.mark.parametrize(
    "body",
    [
        {"role_names": ["org.member"], "user_id": "x"},
        {"role_names": ["org.member"], "state": "ONBOARDED"},
        {"role_names": ["org.owner"]},
        {"role_names": ["project.admin"]},
        {"role_names": []},
        {"role_names": "org.admin"},
        {},
    ],
)
def test_roles_are_only_those_of_the_level(tmp_path: Path, body: dict[str, object]) -> None:
    async def test(house: ControlHouse) -> None:
        ada, tenant = await with_tenant(house)
        members = f"{path(tenant.org)}/members"
        invited = (await ada.post(members, {"email": GRACE})).data
        before = await house.dump()

        answer = await ada("PATCH", f"{members}/{invited['user_id']}", body)
        other = await ada.post(members, {"email": EVE, **body} if body else {"role_names": []})

        assert (answer.status, other.status) == (422, 422)
        assert await house.dump() == before

    run(tmp_path, test)


def test_every_change_is_audited_without_what_it_changed(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        ada, tenant = await with_tenant(house)
        me = (await ada.get("/v1/me")).data["user"]["user_id"]
        secret = "a name that nobody else should read"
        await ada("PUT", path(tenant.project), {"name": secret})
        await ada.post(f"{path(tenant.org)}/members", {"email": GRACE})
        entries = (await ada.get(f"{path(tenant.org)}/audit")).data
        first = (await ada.get(f"{path(tenant.org)}/audit?limit=2")).body
        rest = (await ada.get(f"{path(tenant.org)}/audit?after={first['after']}")).data

        assert {entry["actor"] for entry in entries} == {f"user/{me}"}
        assert {entry["action"] for entry in entries} == {
            "create_organisation",
            "create_data_plane",
            "create_workspace",
            "create_project",
            "update_project",
            "invite_org_member",
        }
        assert first["data"] + rest == entries
        changed = next(entry for entry in entries if entry["action"] == "update_project")
        assert len(changed["before"]) == len(changed["after"]) == 64
        assert changed["before"] != changed["after"]
        assert secret not in repr(await house.kind("audit"))
        assert GRACE not in repr(await house.kind("audit"))

    run(tmp_path, test)


def test_a_control_plane_key_changes_what_was_chosen_and_makes_no_members(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        ada, tenant = await with_tenant(house)
        body = {
            "kind": "control_plane",
            "name": "ci",
            "permissions": [
                "org.get_organisation",
                "org.update_organisation",
                "project.get_project",
            ],
            "expires_at": moment(house.now_ms + 86_400_000),
        }
        made = (await ada.post(f"{path(tenant.org)}/keys", body)).data
        program = house.with_bearer(made["key_value"])

        assert (await program.get(path(tenant.org))).status == 200
        assert (await program("PUT", path(tenant.org), {"name": "by key"})).status == 200
        assert (await program.get(f"{path(tenant.org)}/members")).status == 403
        invite = await program.post(f"{path(tenant.org)}/members", {"email": EVE})
        assert invite.status == 403
        assert (await program.get("/v1/me")).status == 403
        # below its root a key lends its maker's rights, as they are now
        assert (await program.get(path(tenant.project))).status == 200
        assert (await program.get(path(tenant.workspace))).status == 403
        await ada("DELETE", path(tenant.project))
        assert (await program.get(path(tenant.project))).status == 404
        await ada("DELETE", f"{path(tenant.org)}/keys/{made['key_id']}")
        assert (await program.get(path(tenant.org))).status == 401

    run(tmp_path, test)


def test_somebody_with_an_account_accepts_by_his_own_password(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        ada, tenant = await with_tenant(house)
        await house.onboarded(GRACE)
        invited = (await ada.post(f"{path(tenant.org)}/members", {"email": GRACE})).data

        assert (invited["state"], invited["name"]) == ("INVITED", None)
        guesses = [
            (await accept(house, invited["invitation_token"], f"a guess of hers {n}")).status
            for n in range(11)
        ]
        assert guesses == [401] * 10 + [429]
        house.now_ms += 60_000
        assert (await accept(house, invited["invitation_token"], PASSWORD)).status == 200
        grace = await house.browser(GRACE, PASSWORD)
        assert (await grace.get(path(tenant.org))).status == 200
        assert (await grace.get("/v1/me")).data["user"]["name"] is None

    run(tmp_path, test)


def test_who_is_removed_while_he_accepts_stays_removed(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        ada, tenant = await with_tenant(house)
        members = f"{path(tenant.org)}/members"
        invited = (await ada.post(members, {"email": GRACE})).data

        class Removing(MemoryUnit):
            async def get(self, kind: str, keys: Sequence[str]) -> Sequence[Record]:
                found = await super().get(kind, keys)
                if kind == "members" and house.records.unit is Removing:
                    house.records.unit = MemoryUnit
                    gone = await ada("DELETE", f"{members}/{invited['user_id']}")
                    assert gone.status == 200
                return found

        house.records.unit = Removing
        accepted = await accept(house, invited["invitation_token"])

        assert accepted.status == 401
        assert f"{tenant.org.id}/{invited['user_id']}" not in await house.kind("members")

    run(tmp_path, test)


def before_the_next_turn(house: ControlHouse, act: Callable[[], Awaitable[object]]) -> None:
    """Do ``act`` in the middle of the next change of members, before it takes its turn."""

    class Interrupted(MemoryUnit):
        async def get(self, kind: str, keys: Sequence[str]) -> Sequence[Record]:
            if kind == MEMBER_TURNS and house.records.unit is Interrupted:
                house.records.unit = MemoryUnit
                await act()
            return await super().get(kind, keys)

    house.records.unit = Interrupted


def test_who_is_removed_in_the_middle_of_accepting_does_not_come_back(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        ada, tenant = await with_tenant(house)
        await house.onboarded(GRACE, NEW)
        members = f"{path(tenant.org)}/members"
        body = {"email": GRACE, "role_names": ["org.admin"]}
        invited = (await ada.post(members, body)).data
        one = f"{members}/{invited['user_id']}"
        before_the_next_turn(house, lambda: ada("DELETE", one))

        assert (await accept(house, invited["invitation_token"])).status == 401
        emails = [each["email"] for each in (await ada.get(members)).data]
        assert emails == [ADA]

    run(tmp_path, test)


def test_who_gets_fewer_roles_in_the_middle_of_accepting_has_no_more(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        ada, tenant = await with_tenant(house)
        await house.onboarded(GRACE, NEW)
        members = f"{path(tenant.org)}/members"
        body = {"email": GRACE, "role_names": ["org.admin"]}
        invited = (await ada.post(members, body)).data
        one, fewer = f"{members}/{invited['user_id']}", {"role_names": ["org.member"]}
        before_the_next_turn(house, lambda: ada("PATCH", one, fewer))
        await accept(house, invited["invitation_token"])

        roles = {each["email"]: each["role_names"] for each in (await ada.get(members)).data}
        assert roles == {ADA: ["org.admin"], GRACE: ["org.member"]}

    run(tmp_path, test)


def test_an_invitation_does_not_tell_how_an_account_elsewhere_spells_its_address(
    tmp_path: Path,
) -> None:
    async def test(house: ControlHouse) -> None:
        ada, tenant = await with_tenant(house)
        await house.onboarded("Grace@Example.org", NEW)
        members = f"{path(tenant.org)}/members"
        known = (await ada.post(members, {"email": "gRACE@example.ORG"})).data
        unknown = (await ada.post(members, {"email": "hEDY@example.ORG"})).data

        assert (known["email"], unknown["email"]) == (GRACE, "hedy@example.org")
        listed = {each["email"] for each in (await ada.get(members)).data}
        assert listed == {ADA, GRACE, "hedy@example.org"}

    run(tmp_path, test)
