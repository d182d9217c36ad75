"""The gate of a data plane: keys, people and projects, by the document on its disk alone."""

import hashlib
import json
import os
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from access_house import (
    DAY_MS,
    DP_ID,
    FOREIGN,
    ORG,
    OWN,
    SESSION,
    UNKNOWN_PROJECT,
    WORKSPACE,
    AccessHouse,
    bearer,
    token_key,
)

from hh_core.domain.api_keys import KeyKind
from hh_core.domain.authority import ApiKey, Person
from hh_core.domain.policy import Plane, operation
from hh_core.domain.scopes import Role, Scope
from hh_core.errors import ConfigError, NotFoundError, OverloadedError, RejectedError
from hh_runtime.access import Access
from hh_runtime.denials import ForbiddenError, UnauthenticatedError
from hh_runtime.tokens import MAX_LENGTH, Kind, sign

EXPORT = operation(Plane.DATA, "export_events")
RECEIVE = operation(Plane.DATA, "receive_traces")
ANNA = UUID(int=0xAAA)
READ_ALL = {"project.export_events", "project.get_event"}


@pytest.fixture
def house(tmp_path: Path) -> AccessHouse:
    return AccessHouse(tmp_path / "access.json", now=1_800_000_000.5)


def opened(house: AccessHouse, **fields: Any) -> Access:
    return Access(house.write(**fields), clock=house.clock)


def refused(access: Access, shown: str) -> str:
    with pytest.raises(UnauthenticatedError) as refusal:
        access.permit(bearer(shown), EXPORT)
    return str(refusal.value)


def entry(key: str, **changes: Any) -> dict[str, Any]:
    return {
        "digest": hashlib.sha256(key.encode()).hexdigest(),
        "key_id": "0b6a7f3e-8a39-4b6e-8a53-4d0a3f1f9c55",
        "project_id": str(OWN.project),
        "org_id": "org",
        "workspace_id": "ws",
        "scopes": ["ingest", "read"],
        "expires_ms": None,
        **changes,
    }


def by_hand(path: Path, *entries: dict[str, Any]) -> Path:
    fresh = path.with_suffix(".new")
    fresh.write_text(json.dumps({"version": 1, "keys": entries}))
    os.replace(fresh, path)
    return path


def test_a_document_written_by_hand_goes_on_to_count(tmp_path: Path) -> None:
    scopes = {"full": ["ingest", "read", "admin"], "write": ["ingest"], "read": ["read"], "no": []}
    entries = [entry(f"hh.{name}.x", scopes=each) for name, each in scopes.items()]
    access = Access(by_hand(tmp_path / "keys.json", *entries))

    may = {
        name: (allowed(access, f"hh.{name}.x", RECEIVE), allowed(access, f"hh.{name}.x", EXPORT))
        for name in scopes
    }

    assert may == {
        "full": (True, True),
        "write": (True, False),
        "read": (False, True),
        "no": (False, False),
    }
    principal = access.permit("bearer  hh.full.x ", EXPORT)
    assert (principal.project, principal.org_id, principal.workspace_id) == (
        OWN.project,
        "org",
        "ws",
    )


def allowed(access: Access, key: str, rule: Any, named: str | None = None) -> bool:
    try:
        access.permit(bearer(key), rule, named)
    except ForbiddenError:
        return False
    return True


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[]",
        '{"version": 3, "keys": []}',
        '{"version": 1}',
        '{"version": 2, "keys": []}',
        '{"version": 1, "keys": [{"digest": "00"}]}',
    ],
)
def test_a_first_document_that_makes_no_sense_is_the_operators_affair(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "keys.json"
    path.write_text(text)

    with pytest.raises(ConfigError, match=r"keys\.json"):
        Access(path)
    with pytest.raises(ConfigError, match=r"absent\.json"):
        Access(tmp_path / "absent.json")


@pytest.mark.parametrize(
    "damage",
    [
        {"draining": "no"},
        {"fresh_until_ms": "soon"},
        {"dp_id": "here"},
        {"issuer": ""},
        {"members": [{"project_id": str(OWN.project), "user_id": str(ANNA), "roles": ["root"]}]},
        {"token_keys": [{"kid": "k", "public_key": "AAAA", "not_after_ms": 1}]},
        {"revocations": [{"subject": "user/x", "issued_before_ms": True}]},
    ],
)
def test_one_bad_item_leaves_the_last_good_document_in_force(
    house: AccessHouse, damage: dict[str, Any]
) -> None:
    key = house.key(KeyKind.PROJECT)
    access = opened(house)
    house.keys.clear()

    house.write(**damage)

    access.permit(bearer(key), EXPORT)


def test_what_vanishes_or_breaks_on_disk_changes_nothing_and_what_is_mended_counts(
    house: AccessHouse,
) -> None:
    key = house.key(KeyKind.PROJECT)
    access = opened(house)
    house.path.write_text("{")
    access.permit(bearer(key), EXPORT)
    house.path.unlink()
    access.permit(bearer(key), EXPORT)
    house.keys.clear()
    other = house.key(KeyKind.PROJECT)
    house.write()

    access.permit(bearer(other), EXPORT)

    refused(access, key)


def test_a_document_that_could_not_be_read_for_a_moment_is_read_later(house: AccessHouse) -> None:
    key = house.key(KeyKind.PROJECT)
    access = opened(house)
    house.keys.clear()
    house.write()
    house.path.chmod(0)
    if os.access(house.path, os.R_OK):  # root reads everything
        aside = house.path.rename(house.path.with_suffix(".aside"))
        house.path.mkdir()
        access.permit(bearer(key), EXPORT)
        house.path.rmdir()
        aside.rename(house.path)
    else:
        access.permit(bearer(key), EXPORT)
        house.path.chmod(0o600)
    house.now += 6

    refused(access, key)


@pytest.mark.parametrize("header", [None, "", "hh_one", "Basic hh_one", "Bearer ", "Bearer a.b.c"])
def test_without_a_valid_key_nobody_comes_in(house: AccessHouse, header: str | None) -> None:
    access = opened(house)

    with pytest.raises(UnauthenticatedError):
        access.authenticate(header)


def test_an_expired_key_is_refused_like_an_unknown_one(house: AccessHouse) -> None:
    key = house.key(KeyKind.PROJECT, expires_ms=house.now_ms + 1000)
    access = opened(house)
    access.permit(bearer(key), EXPORT)
    house.now += 1

    assert refused(access, key) == refused(access, "hh_nobody") == refused(access, "a.b.c")


def test_a_revoked_key_is_refused_as_soon_as_the_document_says_so(house: AccessHouse) -> None:
    key = house.key(KeyKind.INGESTION)
    access = opened(house)
    access.permit_write(bearer(key), RECEIVE)
    house.keys.clear()
    house.write()

    refused(access, key)
    refused(Access(house.path, clock=house.clock), key)  # and after a restart, alone


def test_a_plane_cut_off_for_72_hours_knows_its_keys_and_after_max_offline_nobody(
    house: AccessHouse,
) -> None:
    key = house.key(KeyKind.PROJECT)
    house.member(ANNA, OWN, Role.PROJECT_MEMBER)
    access = opened(house, fresh_until_ms=house.now_ms + 7 * DAY_MS)
    for _ in range(72):
        house.now += 3600
        access.permit(bearer(key), EXPORT)
        refused(access, "hh_unknown")
    token = house.token(ANNA, {OWN: [Role.PROJECT_MEMBER]})
    refused(access, token)  # its signing key was given for a day
    house.now += 4 * 86_400 - 1
    access.permit(bearer(key), EXPORT)
    house.now += 1 + 86_400

    assert "max_offline" in refused(access, key)
    assert refused(access, key) == refused(access, "hh_unknown")
    house.write(fresh_until_ms=house.now_ms + DAY_MS)
    access.permit(bearer(key), EXPORT)


def test_a_draining_plane_takes_nothing_new_in_and_goes_on_to_answer(house: AccessHouse) -> None:
    key = house.key(KeyKind.PROJECT)
    reader = house.key(KeyKind.READ_ONLY)
    access = opened(house, draining=True)

    access.permit(bearer(key), EXPORT)

    with pytest.raises(OverloadedError, match="draining") as refusal:
        access.permit_write(bearer(key), RECEIVE)
    assert refusal.value.retry_after > 0
    with pytest.raises(ForbiddenError):
        access.permit_write(bearer(reader), RECEIVE)


def test_a_key_is_at_home_in_its_project_and_other_projects_do_not_exist_for_it(
    house: AccessHouse,
) -> None:
    key = house.key(KeyKind.PROJECT)
    access = opened(house)

    assert access.permit(bearer(key), EXPORT).project == OWN.project
    assert access.permit(bearer(key), EXPORT, str(OWN.project)).project == OWN.project
    said = set()
    for named in (str(FOREIGN.project), str(UNKNOWN_PROJECT), "x", "", "../" + str(OWN.project)):
        with pytest.raises(NotFoundError) as refusal:
            access.permit(bearer(key), EXPORT, named)
        said.add(str(refusal.value))
    assert len(said) == 1


def test_who_names_no_project_is_asked_to(house: AccessHouse) -> None:
    house.member(ANNA, OWN, Role.PROJECT_MEMBER)
    wide = house.key(KeyKind.DATA_PLANE, Scope(ORG), READ_ALL, creator=ANNA)
    access = opened(house)

    for shown in (wide, house.token(ANNA, {OWN: [Role.PROJECT_MEMBER]})):
        with pytest.raises(RejectedError, match="X-HH-Project-Id") as refusal:
            access.permit(bearer(shown), EXPORT)
        assert refusal.value.code == 422


def test_a_refusal_names_what_is_missing(house: AccessHouse) -> None:
    house.member(ANNA, OWN, Role.PROJECT_MEMBER)
    narrow = house.key(KeyKind.DATA_PLANE, OWN, {"project.get_event"})
    reader = house.key(KeyKind.READ_ONLY)
    access = opened(house)

    with pytest.raises(ForbiddenError, match=r"permission project\.export_events"):
        access.permit(bearer(narrow), EXPORT)
    with pytest.raises(ForbiddenError, match="kind data_plane or ingestion or project"):
        access.permit(bearer(reader), RECEIVE)


@pytest.mark.parametrize("root", [Scope(ORG), Scope(ORG, WORKSPACE)])
def test_a_key_rooted_above_reaches_only_where_its_maker_may_go(
    house: AccessHouse, root: Scope
) -> None:
    sibling = Scope(ORG, WORKSPACE, UUID(int=0xE))
    house.projects.append(sibling)
    house.member(ANNA, OWN, Role.PROJECT_MEMBER)
    house.member(ANNA, FOREIGN, Role.PROJECT_ADMIN)
    key = house.key(KeyKind.DATA_PLANE, root, READ_ALL, creator=ANNA)
    orphan = house.key(KeyKind.DATA_PLANE, root, READ_ALL)
    access = opened(house)

    assert access.permit(bearer(key), EXPORT, str(OWN.project)).project == OWN.project
    for shown, named in ((key, sibling), (key, FOREIGN), (orphan, OWN)):
        with pytest.raises(NotFoundError):
            access.permit(bearer(shown), EXPORT, str(named.project))
    house.members.clear()
    house.write()
    with pytest.raises(NotFoundError):
        access.permit(bearer(key), EXPORT, str(OWN.project))


def test_when_a_key_was_last_used_is_known_to_the_hour(house: AccessHouse) -> None:
    used, unused = house.key(KeyKind.PROJECT), house.key(KeyKind.PROJECT)
    access = opened(house)
    access.permit(bearer(used), EXPORT)
    first = dict(access.key_uses)
    house.now += 3600
    access.permit(bearer(used), EXPORT)

    (key_id, used_ms), *others = access.key_uses.items()

    assert not others
    assert str(key_id) == house.keys[0]["key_id"]
    assert used_ms == first[key_id] + 3_600_000
    assert used_ms % 3_600_000 == 0
    assert unused
    house.keys.clear()
    house.write()
    refused(access, used)
    assert access.key_uses == {}


def test_a_persons_roles_are_those_of_both_token_and_membership(house: AccessHouse) -> None:
    house.member(ANNA, OWN, Role.PROJECT_MEMBER)
    access = opened(house)
    token = house.token(
        ANNA,
        {OWN: [Role.PROJECT_ADMIN, Role.PROJECT_MEMBER], FOREIGN: [Role.PROJECT_ADMIN]},
    )

    caller = access.authenticate(bearer(token))

    assert isinstance(caller, Person)
    assert caller.roles == {OWN.project: {Role.PROJECT_MEMBER}}
    assert access.permit(bearer(token), EXPORT, str(OWN.project)).key_id == ANNA
    with pytest.raises(NotFoundError):
        access.permit(bearer(token), EXPORT, str(FOREIGN.project))
    house.members.clear()
    house.write()
    with pytest.raises(NotFoundError):
        access.permit(bearer(token), EXPORT, str(OWN.project))


@pytest.mark.parametrize("subject", [f"user/{ANNA}", f"session/{SESSION}"])
def test_a_revoked_person_is_refused_and_who_signs_in_after_it_is_not(
    house: AccessHouse, subject: str
) -> None:
    house.member(ANNA, OWN, Role.PROJECT_MEMBER)
    roles = {OWN: [Role.PROJECT_MEMBER]}
    access = opened(house)
    before = [house.token(ANNA, roles), house.token(ANNA, roles, exp=int(house.now) + 60)]
    for token in before:
        access.permit(bearer(token), EXPORT, str(OWN.project))
    next_second = int(house.now) + 1
    house.revocations.append({"subject": subject, "issued_before_ms": next_second * 1000})
    house.write()
    after = house.token(ANNA, roles, iat=next_second, nbf=next_second)

    access.permit(bearer(after), EXPORT, str(OWN.project))

    restarted = Access(house.path, clock=house.clock)
    for token in before:
        refused(access, token)
        refused(restarted, token)


def test_a_token_that_has_been_verified_once_still_expires(house: AccessHouse) -> None:
    house.member(ANNA, OWN, Role.PROJECT_MEMBER)
    access = opened(house)
    token = house.token(ANNA, {OWN: [Role.PROJECT_MEMBER]})
    access.permit(bearer(token), EXPORT, str(OWN.project))
    house.now += 900 + 29
    access.permit(bearer(token), EXPORT, str(OWN.project))
    house.now += 1

    refused(access, token)


def test_token_keys_rotate_without_a_false_refusal_and_the_old_one_ends(house: AccessHouse) -> None:
    house.member(ANNA, OWN, Role.PROJECT_MEMBER)
    roles = {OWN: [Role.PROJECT_MEMBER]}
    access = opened(house)
    old = house.token(ANNA, roles)
    access.permit(bearer(old), EXPORT, str(OWN.project))
    house.kids.append("second")
    house.write()
    for token in (old, house.token(ANNA, roles), house.token(ANNA, roles, kid="second")):
        access.permit(bearer(token), EXPORT, str(OWN.project))
    house.kids.remove("first")
    house.write()

    refused(access, old)
    access.permit(bearer(house.token(ANNA, roles, kid="second")), EXPORT, str(OWN.project))


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://elsewhere"},
        {"aud": "control"},
        {"aud": f"dp:{UUID(int=0xD2)}"},
        {"aud": [f"dp:{DP_ID}"]},
        {"sub": "anna"},
        {"sid": None},
        {"prj": None},
        {"prj": ["all"]},
        {"prj": {"*": ["project.admin"]}},
        {"exp": 1_800_000_000 + 901},
        {"nbf": 1_800_000_000 + 31},
    ],
)
def test_a_token_with_one_wrong_claim_is_nobodys(
    house: AccessHouse, claims: dict[str, Any]
) -> None:
    house.member(ANNA, OWN, Role.PROJECT_MEMBER)
    access = opened(house)
    access.permit(bearer(house.token(ANNA, {OWN: [Role.PROJECT_MEMBER]})), EXPORT, str(OWN.project))

    refused(access, house.token(ANNA, {OWN: [Role.PROJECT_MEMBER]}, **claims))


def test_tokens_of_another_kind_size_or_key_are_nobodys(house: AccessHouse) -> None:
    house.member(ANNA, OWN, Role.PROJECT_MEMBER)
    access = opened(house)
    good = house.token(ANNA, {OWN: [Role.PROJECT_MEMBER]})
    issued = int(house.now)
    claims = {
        "iss": "https://control.example",
        "sub": str(ANNA),
        "aud": f"dp:{DP_ID}",
        "iat": issued,
        "nbf": issued,
        "exp": issued + 60,
        "jti": "1",
    }

    for shown in (
        sign(Kind.CLUSTER, token_key("first"), claims),
        house.token(ANNA, {OWN: [Role.PROJECT_MEMBER]}, kid="stranger"),
        good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB"),
        good + "A" * MAX_LENGTH,
        good + ".x",
    ):
        refused(access, shown)


def test_verified_tokens_are_remembered_within_bounds(
    house: AccessHouse,
) -> None:
    house.member(ANNA, OWN, Role.PROJECT_MEMBER)
    access = opened(house)
    access._tokens._capacity = 3
    tokens = [house.token(ANNA, {OWN: [Role.PROJECT_MEMBER]}) for _ in range(5)]

    for token in [*tokens, *tokens]:
        access.permit(bearer(token), EXPORT, str(OWN.project))
        assert len(access._tokens) <= 3


def test_a_key_without_its_project_here_reaches_nothing(house: AccessHouse) -> None:
    key = house.key(KeyKind.PROJECT)
    house.projects.remove(OWN)
    access = opened(house)

    assert isinstance(access.authenticate(bearer(key)), ApiKey)
    with pytest.raises(NotFoundError):
        access.permit(bearer(key), EXPORT)


def test_a_document_that_is_still_to_come_lets_nobody_in_until_it_is_there(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    access = Access(path, awaited=True)
    with pytest.raises(UnauthenticatedError):
        access.authenticate("Bearer hh_unknown")

    path.write_text("{")

    with pytest.raises(UnauthenticatedError):
        access.authenticate("Bearer hh_unknown")
    with pytest.raises(ConfigError):
        Access(path, awaited=True)
    with pytest.raises(ConfigError):
        Access(tmp_path / "none.json")
