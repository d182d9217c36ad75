"""The web application as the control plane serves it, and what every answer tells a browser."""

import asyncio
import gzip
import re
import socket
from collections.abc import Mapping
from pathlib import Path
from uuid import uuid4

import pytest
from aiohttp import ClientResponse
from control_house import WEB, ControlHouse, run

from hh_control.web_build import WebBuild
from hh_core.domain.authority import Person
from hh_core.errors import UnavailableError
from hh_core.ports.records import Record
from hh_core.usecases.data_plane_health import MOST_URLS
from hh_core.wire.pb.controller_pb2 import Health
from hh_memory.records import MemoryUnit

PAGE = '<!doctype html><head><meta name="csp-nonce" content="" /><title>built</title></head>'
SCRIPT = b"export const built = 1;\n" * 100
ADA, EVE = "ada@example.org", "eve@example.org"
HTML = {"Accept": "text/html,application/xhtml+xml;q=0.9,*/*;q=0.8"}


@pytest.fixture
def built(tmp_path: Path) -> Path:
    folder = tmp_path / WEB
    assets = folder / "assets"
    assets.mkdir(parents=True)
    (folder / "index.html").write_text(PAGE)
    (folder / "favicon.svg").write_text("<svg/>")
    (assets / "index-1a2b.js").write_bytes(SCRIPT)
    (assets / "index-1a2b.js.gz").write_bytes(gzip.compress(SCRIPT))
    (assets / "index-1a2b.js.br").write_bytes(b"brotli")
    (assets / "inter-3c4d.woff2").write_bytes(b"font")
    (assets / "odd.name").write_bytes(b"odd")
    (assets / ".hidden.js").write_bytes(b"hidden")
    (tmp_path / "secret.js").write_text("secret")
    (assets / "link.js").symlink_to(tmp_path / "secret.js")
    return folder


def directives(answer: ClientResponse) -> dict[str, list[str]]:
    policy = answer.headers["Content-Security-Policy"].split("; ")
    return {name: sources for name, *sources in map(str.split, policy)}


async def page(house: ControlHouse, path: str = "/", **headers: str) -> tuple[ClientResponse, str]:
    async with house.client.get(path, headers={**HTML, **headers}) as answer:
        assert (answer.status, answer.content_type) == (200, "text/html"), path
        return answer, await answer.text()


@pytest.mark.usefixtures("built")
def test_the_page_runs_its_own_scripts_only_and_gets_a_nonce_of_its_own(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        answer, text = await page(house)
        (nonce,) = re.findall(r'<meta name="csp-nonce" content="([\w-]{20,})" />', text)
        other, _ = await page(house)

        assert directives(answer) == {
            "default-src": ["'self'"],
            "script-src": ["'self'"],
            "connect-src": ["'self'"],
            "img-src": ["'self'", "data:", "blob:"],
            "style-src": ["'self'", f"'nonce-{nonce}'"],
            "object-src": ["'none'"],
            "base-uri": ["'none'"],
            "form-action": ["'none'"],
            "frame-ancestors": ["'none'"],
            "require-trusted-types-for": ["'script'"],
            "trusted-types": ["default"],
        }
        assert directives(other)["style-src"] != directives(answer)["style-src"]
        assert answer.headers["Cache-Control"] == "no-cache"
        assert text == PAGE.replace('content=""', f'content="{nonce}"')

    run(tmp_path, test)


@pytest.mark.usefixtures("built")
def test_every_answer_tells_a_browser_to_be_strict(tmp_path: Path) -> None:
    """SECURITY H62: on every route, whatever it answers, and where no route is."""

    async def test(house: ControlHouse) -> None:
        routes = {(route.method, re.sub(r"\{.*?\}", "x", route.path)) for route in house.routes()}
        others = {"/sign-in", "/assets/index-1a2b.js", "/favicon.svg", "/assets/none.js", "/v1/x"}
        for method, path in sorted(routes | {("GET", path) for path in others} | {("PUT", "/x")}):
            async with house.client.request(method, path, headers=HTML) as answer:
                said, policy = answer.headers, directives(answer)
            assert said["X-Content-Type-Options"] == "nosniff", path
            assert said["Referrer-Policy"] == "no-referrer", path
            assert said["Cross-Origin-Opener-Policy"] == "same-origin", path
            assert said["Cross-Origin-Resource-Policy"] == "same-origin", path
            assert "camera=()" in said["Permissions-Policy"], path
            assert policy["frame-ancestors"] == ["'none'"], path
            assert policy["default-src"] in (["'none'"], ["'self'"]), path
            assert "unsafe" not in said["Content-Security-Policy"], path
            assert "Access-Control-Allow-Origin" not in said, path
            is_kept = path.startswith(("/assets/index", "/favicon"))
            is_page = path in ("/", "/sign-in")
            assert ("no-store" in said["Cache-Control"]) != (is_kept or is_page), path

    run(tmp_path, test)


@pytest.mark.usefixtures("built")
def test_a_page_of_the_application_may_be_asked_for_by_any_path(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        for path in ("/sign-in", f"/projects/{uuid4()}/sessions?q=a%3Db", "/no/such/page.x"):
            assert "<title>built" in (await page(house, path))[1]
        for method, path, accept in (
            ("GET", "/sign-in", "application/json"),
            ("GET", "/sign-in", "*/*"),
            ("GET", "/v1/none", "text/html"),
            ("GET", "/assets/gone-5e6f.js", "text/html"),
            ("GET", "/.well-known/none", "text/html"),
            ("POST", "/sign-in", "text/html"),
        ):
            async with house.client.request(method, path, headers={"Accept": accept}) as answer:
                assert (answer.status, answer.content_type) == (404, "application/json"), path
        async with house.client.get("/v1/sign-in", headers=HTML) as answer:
            assert answer.status == 405
        async with house.client.head("/sign-in", headers=HTML) as answer:
            assert (answer.status, answer.content_type) == (200, "text/html")

    run(tmp_path, test)


@pytest.mark.usefixtures("built")
def test_files_are_kept_for_ever_and_compressed_for_whom_takes_it(tmp_path: Path) -> None:
    async def asked(house: ControlHouse, path: str, takes: str) -> tuple[Mapping[str, str], bytes]:
        headers = {"Accept-Encoding": takes}
        async with house.client.get(path, headers=headers, auto_decompress=False) as answer:
            assert answer.status == 200, path
            return answer.headers, await answer.read()

    async def test(house: ControlHouse) -> None:
        script = "/assets/index-1a2b.js"
        plain, body = await asked(house, script, "identity")
        gz, smaller = await asked(house, script, "gzip")
        br, smallest = await asked(house, script, "gzip, deflate, br, zstd")

        assert body == gzip.decompress(smaller) == SCRIPT
        assert smallest == b"brotli"
        assert "Content-Encoding" not in plain
        assert (gz["Content-Encoding"], br["Content-Encoding"]) == ("gzip", "br")
        for said in (plain, gz, br):
            assert said["Content-Type"] == "text/javascript; charset=utf-8"
            assert said["Cache-Control"] == "public, max-age=31536000, immutable"
            assert said["Vary"] == "Accept-Encoding"
        types = {"/assets/inter-3c4d.woff2": "font/woff2", "/favicon.svg": "image/svg+xml"}
        types["/assets/odd.name"] = "application/octet-stream"
        for path, content_type in types.items():
            assert (await asked(house, path, "gzip"))[0]["Content-Type"] == content_type
        assert (await asked(house, "/favicon.svg", ""))[0]["Cache-Control"] == "no-cache"
        known = {"If-None-Match": plain["ETag"], "Accept-Encoding": "identity"}
        async with house.client.get(script, headers=known) as answer:
            assert answer.status == 304

    run(tmp_path, test)


@pytest.mark.usefixtures("built")
@pytest.mark.parametrize(
    "path",
    [
        "/assets/../../secret.js",
        "/assets/%2e%2e/%2e%2e/secret.js",
        "/assets/..%2f..%2fsecret.js",
        "/../secret.js",
        "//etc/passwd",
        "/assets/link.js",
        "/assets/.hidden.js",
        "/assets/index-1a2b.js.gz",
        "/assets/index-1a2b.js%00.css",
        "/assets/",
        "/index.html",
    ],
)
def test_nothing_but_the_files_of_the_build_can_be_had(tmp_path: Path, path: str) -> None:
    async def test(house: ControlHouse) -> None:
        port = house.client.server.port
        assert port is not None
        reader, writer = await asyncio.open_connection("127.0.0.1", port, family=socket.AF_INET)
        writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        answer = await reader.read()
        writer.close()
        assert answer.split(b" ", 2)[1] in (b"404", b"400"), answer[:200]

    run(tmp_path, test)


@pytest.mark.usefixtures("built")
def test_the_page_may_talk_to_the_data_planes_of_whoever_opens_it(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        told = {}
        for email in (ADA, EVE):
            tenant = await house.organisation(await house.onboarded(email))
            told[email] = f"https://{email[:3]}.example:4318"
            health = Health(release="1", public_url=told[email])
            await house.plane.data_planes().heard(tenant.data_plane, health)
        ada = await house.browser(ADA)
        cookie = {"Cookie": f"hh_session={ada.cookie}"}

        async def names(**headers: str) -> list[str]:
            return directives((await page(house, **headers))[0])["connect-src"]

        assert await names(**cookie) == ["'self'", told[ADA]]
        assert await names() == ["'self'"]
        assert await names(Cookie="hh_session=made-up") == ["'self'"]
        assert (await ada.post("/v1/sign-out")).status == 200
        assert await names(**cookie) == ["'self'"]

    run(tmp_path, test)


@pytest.mark.usefixtures("built")
def test_many_data_planes_make_no_endless_header_and_newcomers_push_nobody_out(
    tmp_path: Path,
) -> None:
    async def test(house: ControlHouse) -> None:
        user = await house.onboarded(ADA)
        tenant, person = await house.organisation(user), Person(user, uuid4())
        urls, projects = [], [tenant.project.id]
        for number in range(MOST_URLS + 3):
            house.now_ms += 1
            dp_id = await house.data_plane(person, tenant.org.id)
            urls.append(f"https://d{99 - number}.example")
            await house.plane.data_planes().heard(dp_id, Health(release="1", public_url=urls[-1]))
            projects.append(uuid4())
            async with house.records.begin() as unit:
                await unit.put("projects", str(projects[-1]), {"data_plane_id": dp_id})

        named = await house.plane.data_plane_urls().of_projects(projects)

        assert named == urls[:MOST_URLS]

    run(tmp_path, test)


@pytest.mark.usefixtures("built")
def test_the_page_comes_while_the_records_are_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object, **__: object) -> list[Record]:
        raise UnavailableError("away")

    async def test(house: ControlHouse) -> None:
        await house.onboarded(ADA)
        ada = await house.browser(ADA)
        monkeypatch.setattr(MemoryUnit, "get", away)
        answer, _ = await page(house, Cookie=f"hh_session={ada.cookie}")
        assert directives(answer)["connect-src"] == ["'self'"]

    run(tmp_path, test)


def test_without_a_build_the_page_says_how_to_make_one_and_then_it_is_there(tmp_path: Path) -> None:
    async def test(house: ControlHouse) -> None:
        answer, text = await page(house, "/sign-in")
        assert "make web" in text
        assert directives(answer)["default-src"] == ["'none'"]

        (tmp_path / WEB).mkdir()
        (tmp_path / WEB / "index.html").write_text(PAGE)

        assert "<title>built" in (await page(house))[1]

    run(tmp_path, test)


def test_a_page_without_a_place_for_its_nonce_is_no_build(built: Path) -> None:
    (built / "index.html").write_text("<!doctype html>")

    assert WebBuild(built).now() is None
