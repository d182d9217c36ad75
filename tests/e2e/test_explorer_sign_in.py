"""Signing in and out of the explorer, the way back to a link, the first trace of a project."""

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from embedded import Embedded
from embedded.steps import until
from explorer import Visitor, sign_in, visit
from explorer.traffic import new_project
from playwright.sync_api import Browser, expect

from hh_cli.demo.model_server import model_server

SNIPPETS = ("OpenTelemetry", "OpenInference", "OpenLLMetry", "honeyhive SDK")
REFUSED = "401 (Unauthorized)"
"""What Chromium says of each answer with this status."""


@pytest.fixture
def stranger(browser: Browser, shop: Embedded) -> Iterator[Visitor]:
    with visit(browser, shop) as looking:
        yield looking


@pytest.fixture(scope="module")
def empty(running: Embedded) -> Embedded:
    return new_project(running, "nothing yet")


def test_a_wrong_password_is_refused_in_words_and_the_right_one_leads_in(stranger: Visitor) -> None:
    page = stranger.page
    page.goto(f"{stranger.url}/sign-in")

    sign_in(stranger, "wrong")
    expect(page.get_by_role("alert")).to_contain_text("do not belong together")
    sign_in(stranger)

    page.wait_for_url(lambda url: "/sign-in" not in url)
    stranger.forgive(REFUSED)


def test_a_link_that_was_opened_before_the_sign_in_is_opened_after_it(stranger: Visitor) -> None:
    path = "/models?q=duration%20%3E%201&sort=duration"
    stranger.open(path)
    expect(stranger.page).to_have_url(re.compile(r"/sign-in#\?next="))

    sign_in(stranger)

    expect(stranger.page.get_by_role("heading", name="Model calls")).to_be_visible()
    expect(stranger.page).to_have_url(re.compile(r"/models#\?q=duration.*sort=duration"))
    stranger.forgive(REFUSED)


@pytest.mark.parametrize("away", ["https://evil.example/", "//evil.example/", "/\\evil.example"])
def test_a_link_cannot_lead_to_another_site_after_the_sign_in(stranger: Visitor, away: str) -> None:
    stranger.page.goto(f"{stranger.url}/sign-in#?next={away}")

    sign_in(stranger)

    stranger.page.wait_for_url(lambda url: "/sign-in" not in url)
    assert stranger.page.url.startswith(stranger.url)


def test_who_signs_out_is_asked_for_the_password_again(stranger: Visitor) -> None:
    page = stranger.page
    page.goto(f"{stranger.url}/sign-in")
    sign_in(stranger)
    page.wait_for_url(lambda url: "/sign-in" not in url)
    stranger.open("/sessions")

    page.get_by_role("button", name=re.compile("^Account")).click()
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.go_back()

    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    stranger.forgive(REFUSED)


def test_another_project_is_found_by_its_name(visitor: Visitor, empty: Embedded) -> None:
    page = visitor.page
    visitor.open("/sessions")

    page.get_by_role("button", name="Choose a project: shop").click()
    page.get_by_label("Search projects").fill("nothing")
    page.get_by_role("option", name="nothing yet").click()

    expect(page).to_have_url(re.compile(f"/projects/{empty.endpoints['project_id']}/sessions"))
    expect(page.get_by_text("No events yet")).to_be_visible()
    page.get_by_role("link", name="Send traces").last.click()
    expect(page.get_by_role("heading", name="Send your first trace")).to_be_visible()


def test_a_filter_that_is_typed_as_a_query_is_told_to_the_server_once_only(
    visitor: Visitor,
) -> None:
    page = visitor.page
    page.goto(f"{visitor.url}/projects/{visitor.project}/events?q=event_type+%3D+tool")

    expect(visitor.rows().first.get_by_label("Tool call")).to_be_visible()
    expect(page).to_have_url(re.compile(r"/events#\?q=event_type"))
    visitor.forgive("query told")
    page.reload()
    expect(visitor.rows().first.get_by_label("Tool call")).to_be_visible()


def test_an_address_that_names_nothing_says_so(visitor: Visitor) -> None:
    visitor.page.goto(f"{visitor.url}/no/such/page")
    expect(visitor.page.get_by_text("There is no such page")).to_be_visible()


@pytest.mark.parametrize("snippet", SNIPPETS)
def test_a_snippet_that_is_pasted_as_it_stands_turns_the_page_live(
    running: Embedded, visitor: Visitor, snippet: str, tmp_path: Path
) -> None:
    # The demo's model gives each answer the same id: in one project two calls would be one.
    visitor.running = project = new_project(running, f"first trace of {snippet}")
    page = visitor.page
    visitor.open("/start")
    expect(page.get_by_text("Waiting for the first span")).to_be_visible()

    page.get_by_role("button", name="Create a key").click()
    key = page.get_by_label("Copy the key").inner_text()
    page.get_by_role("tab", name=snippet).click()
    program = page.get_by_label("Program")
    expect(program).to_contain_text(key)
    _wait_for_key(project, key)
    _run(program.inner_text(), tmp_path)

    expect(page.get_by_text("It works: the first trace is here")).to_be_visible()
    page.get_by_role("link", name="Open the session").click()
    expect(visitor.rows().first).to_be_visible()


def _wait_for_key(project: Embedded, key: str) -> None:
    """A person takes longer to paste than a data plane to learn of a key."""
    with_key = Embedded(project.folder, project.port_base, {**project.endpoints, "api_key": key})
    until(
        lambda: with_key.post("/v1/traces", b"{}")[0] == 200,
        seconds=30,
        what="the data plane knows the key that the page made",
    )


def _run(program: str, folder: Path) -> None:
    (folder / "program.py").write_text(program)
    with model_server() as model:
        done = subprocess.run(
            [sys.executable, "program.py"],
            cwd=folder,
            env={"OPENAI_BASE_URL": model, "OPENAI_API_KEY": "none"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    assert done.returncode == 0, done.stderr
