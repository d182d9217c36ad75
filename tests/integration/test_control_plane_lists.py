"""Lists of the control plane's API: their cursors are theirs, and they tell of nobody else."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from matrix_house import UNKNOWN, Answer, Place, Who, World, furnished_tenant
from matrix_requests import named, require_alike, rules, run, scoped

from hh_control.documents import openapi
from hh_control.routing import Route
from hh_core.domain.scopes import Level


def lists(world: World) -> Iterator[tuple[Route, Level]]:
    """Those that are read page by page."""
    paged = {
        described["operationId"]
        for item in openapi()["paths"].values()
        for described in item.values()
        if any(each["name"] == "after" for each in described.get("parameters", ()))
    }
    for route, level, _ in scoped(world):
        if route.operation in paged:
            yield route, level


def items(answer: Answer) -> list[Any]:
    (found,) = (value for value in answer.data.values() if isinstance(value, list))
    return found


async def pages(
    world: World, who: Who, route: Route, level: Level, places: Mapping[Level, Place]
) -> list[Answer]:
    """All of a list, one item on each."""
    path, header = named(route, level, dict(places[level].ids))
    found, after = list[Answer](), ""
    while after is not None:
        found.append(await world.ask(who, "GET", f"{path}?limit=1{after}", **header))
        assert found[-1].status == 200, (path, after, found[-1].body)
        cursor = found[-1].data["after"]
        after = f"&after={cursor}" if cursor else None
    return found


async def cursors(
    world: World, who: Who, route: Route, level: Level, places: Mapping[Level, Place]
) -> list[str]:
    found = [page.data["after"] for page in await pages(world, who, route, level, places)]
    return [cursor for cursor in found if cursor]


def test_a_cursor_of_another_list_is_unknown(tmp_path: Path) -> None:
    """SECURITY C24: also one of the same organisation."""

    async def test(world: World) -> None:
        seen = 0
        for route, level in lists(world):
            founder, outsider = (world.everybody[f"{n} by token"] for n in ("founder", "outsider"))
            own = await cursors(world, founder, route, level, world.own.places)
            sibling = await cursors(world, founder, route, level, world.own.siblings)
            foreign = await cursors(world, outsider, route, level, world.foreign.places)
            others = {"unknown": str(UNKNOWN), "foreign": foreign[0]}
            if level is not Level.ORGANISATION:
                others["sibling"] = next(each for each in sibling if each not in own)
            for name in ("founder by cookie", f"control_plane key at {level}: all"):
                who = world.everybody[name]
                path, header = named(route, level, dict(world.own.places[level].ids))
                answers = {
                    word: await world.ask(who, "GET", f"{path}?limit=1&after={cursor}", **header)
                    for word, cursor in {**others, "own": own[0]}.items()
                }
                assert answers.pop("own").status == 200
                assert {answer.status for answer in answers.values()} == {404}, (path, answers)
                require_alike(answers, path)
                seen += 1
        assert seen == 20

    run(tmp_path, test)


def test_lists_hold_all_of_the_own_and_page_by_page_the_same(tmp_path: Path) -> None:
    async def test(world: World) -> None:
        who = world.everybody["founder by token"]
        for route, level in lists(world):
            path, header = named(route, level, dict(world.own.places[level].ids))
            whole = items(await world.ask(who, "GET", path, **header))
            paged = [
                item
                for page in await pages(world, who, route, level, world.own.places)
                for item in items(page)
            ]
            assert whole
            assert paged == whole

    run(tmp_path, test)


def test_the_audit_tells_of_the_own_organisation_and_of_all_in_it(tmp_path: Path) -> None:
    async def test(world: World) -> None:
        kept = await world.house.kind("audit")
        for name, tenant in (("founder", world.own), ("outsider", world.foreign)):
            org = str(tenant.scope(Level.ORGANISATION).id)
            path = f"/v1/orgs/{org}/audit?limit=1000"
            told = items(await world.ask(world.everybody[f"{name} by token"], "GET", path))
            own = sorted(id_ for id_, entry in kept.items() if entry["org_id"] == org)
            assert [entry["id"] for entry in told] == own
            assert 0 < len(own) < len(kept) / 2

    run(tmp_path, test)


def test_what_others_have_changes_no_answer(tmp_path: Path) -> None:
    """No list, total, page or health tells how many others there are, or what they have."""

    async def told(world: World) -> dict[tuple[str, str], tuple[int, str]]:
        found = {}
        for name in (
            "founder by token",
            "project.member by cookie",
            "control_plane key at org: all",
        ):
            who = world.everybody[name]
            for route, rule in rules(world):
                if route.method == "GET":
                    level = rule.level or Level.ORGANISATION
                    path, header = named(route, level, dict(world.own.places[level].ids))
                    answer = await world.ask(who, "GET", path, **header)
                    drawn = re.sub(r'nonce="[^"]+"', "", answer.body.decode())
                    found[name, path] = answer.status, drawn
        return found

    async def test(world: World) -> None:
        before = await told(world)
        third = await furnished_tenant(world.house)
        world.keep()
        assert await told(world) == before
        assert third.canaries.mark in str(await world.house.dump())

    run(tmp_path, test)
