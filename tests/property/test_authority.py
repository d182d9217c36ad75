"""Who may do what: the decision follows the table, holds no cascade, and never leaks upwards."""

from collections.abc import Iterator
from itertools import product
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hh_core.domain.api_keys import KeyKind
from hh_core.domain.authority import ApiKey, Caller, Decision, Person, decide
from hh_core.domain.policy import OPERATIONS, Audience, Operation, Plane, operation, permissions
from hh_core.domain.scopes import Level, Role, Scope

ids = st.integers(0, 3).map(lambda number: UUID(int=number))
projects = st.builds(Scope, ids, ids, ids)
scopes = st.one_of(st.builds(Scope, ids), st.builds(Scope, ids, ids), projects)
rules = st.sampled_from(OPERATIONS)
every_permission = st.frozensets(st.sampled_from(sorted({row.permission for row in OPERATIONS})))
held = st.dictionaries(ids, st.frozensets(st.sampled_from(Role)), max_size=4)
api_keys = st.builds(ApiKey, ids, st.sampled_from(KeyKind), scopes, every_permission, held)
persons = st.builds(Person, ids, ids, held)
callers: st.SearchStrategy[Caller] = st.one_of(persons, api_keys)


@given(callers, rules, scopes)
def test_nobody_does_at_one_level_what_concerns_another(
    caller: Caller, rule: Operation, scope: Scope
) -> None:
    if rule.audience is Audience.SCOPE and scope.level is not rule.level:
        assert decide(caller, rule, scope) is Decision.UNKNOWN


@given(persons, rules, scopes)
def test_a_person_may_do_what_a_role_at_that_very_scope_allows(
    person: Person, rule: Operation, scope: Scope
) -> None:
    if rule.audience is not Audience.SCOPE:
        return

    may = decide(person, rule, scope) is Decision.ALLOWED
    held = {role for role in person.roles.get(scope.id, ()) if role.level is scope.level}

    assert may == (scope.level is rule.level and not held.isdisjoint(rule.roles))


@given(persons, rules, projects)
def test_roles_above_a_project_open_nothing_in_it(
    person: Person, rule: Operation, project: Scope
) -> None:
    elsewhere = {id_: roles for id_, roles in person.roles.items() if id_ != project.id}
    outsider = Person(person.user_id, person.session_id, elsewhere)

    if rule.audience is Audience.SCOPE:
        assert decide(outsider, rule, project) is Decision.UNKNOWN


@given(api_keys, rules, scopes)
def test_a_key_reaches_nothing_outside_its_root(key: ApiKey, rule: Operation, scope: Scope) -> None:
    if rule.audience is Audience.SCOPE and not key.root.holds(scope):
        assert decide(key, rule, scope) is Decision.UNKNOWN


@given(api_keys, rules, scopes)
def test_a_fine_grained_key_does_only_what_was_chosen_for_it(
    key: ApiKey, rule: Operation, scope: Scope
) -> None:
    if rule.audience is Audience.SCOPE and decide(key, rule, scope) is Decision.ALLOWED:
        assert key.kind in rule.keys
        assert not key.kind.is_fine_grained or rule.permission in key.permissions


@given(api_keys, rules, scopes)
def test_below_its_root_a_key_does_nothing_that_its_maker_may_not_do_there(
    key: ApiKey, rule: Operation, scope: Scope
) -> None:
    if rule.audience is not Audience.SCOPE or key.root == scope:
        return
    maker = Person(key.key_id, key.key_id, key.lent)

    if decide(key, rule, scope) is Decision.ALLOWED:
        assert decide(maker, rule, scope) is Decision.ALLOWED
    if decide(maker, rule, scope) is Decision.UNKNOWN:
        assert decide(key, rule, scope) is Decision.UNKNOWN


@given(rules, scopes)
def test_a_stranger_sees_nothing_that_belongs_to_anybody(rule: Operation, scope: Scope) -> None:
    public = rule.audience is Audience.PUBLIC

    assert (decide(None, rule, scope) is Decision.ALLOWED) == public


def scoped() -> Iterator[Operation]:
    return (row for row in OPERATIONS if row.audience is Audience.SCOPE)


def test_every_role_of_an_operation_is_held_at_its_level() -> None:
    assert [
        (row.name, role) for row in scoped() for role in row.roles if role.level is not row.level
    ] == []


def test_every_scoped_operation_has_somebody_who_may_do_it() -> None:
    assert [row.name for row in scoped() if not row.roles] == []


@pytest.mark.parametrize("verb", ["create", "invite", "enrol"])
def test_no_key_makes_keys_members_or_data_planes(verb: str) -> None:
    powers = ("key", "member", "data_plane")
    rows = [row for row in scoped() if row.name.startswith(verb) and row.name.endswith(powers)]

    assert rows != []
    assert [row.name for row in rows if row.keys] == []


def test_an_ingestion_key_can_do_nothing_but_write() -> None:
    may = {row.name for row in scoped() if KeyKind.INGESTION in row.keys}

    assert may == {"receive_traces", "receive_logs", "receive_metrics", "start_session",
                   "create_event", "update_event", "create_events"}  # fmt: skip


def test_a_read_only_key_changes_nothing() -> None:
    may = {row.name for row in scoped() if KeyKind.READ_ONLY in row.keys}

    assert may == {"export_events", "search_events", "event_schema", "get_event", "get_session",
                   "event_histogram", "event_values", "query", "sessions"}  # fmt: skip


def test_what_a_key_may_carry_lies_at_its_level_or_below() -> None:
    order = list(Level)
    for level, kind in product(Level, (KeyKind.DATA_PLANE, KeyKind.CONTROL_PLANE)):
        for permission in permissions(level, kind):
            of = Level(permission.partition(".")[0])
            assert order.index(of) >= order.index(level)


def test_an_operation_that_nobody_decided_on_is_none() -> None:
    with pytest.raises(LookupError, match="does not stand in the policy"):
        operation(Plane.DATA, "erase_everything")
