"""Who may do what on a platform that was just started, and what a helper gets to see of it."""

import json
import re
import tarfile
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import pytest
from embedded import Embedded
from embedded.steps import until

SIGN_IN = "/v1/sign-in"


def _sign_in(running: Embedded, email: str, password: str) -> tuple[int, dict[str, Any]]:
    request = urllib.request.Request(
        running.endpoints["control_url"] + SIGN_IN,
        json.dumps({"email": email, "password": password}).encode(),
        {"Content-Type": "application/json"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def test_the_administrator_of_endpoints_json_signs_in(running: Embedded) -> None:
    told = running.reload()

    assert _sign_in(running, told["admin_email"], told["admin_password"])[0] == 200
    assert _sign_in(running, told["admin_email"], "not the password")[0] == 401


def test_an_operator_lets_people_in_and_gives_them_new_passwords(running: Embedded) -> None:
    added = json.loads(
        running.hh(
            *["admin", "user", "add", "bob@example.com", "--json", "--organisation"],
            running.organisation,
        ).stdout
    )
    assert _sign_in(running, "bob@example.com", added["password"])[0] == 200

    reset = json.loads(
        running.hh("admin", "user", "reset-password", "bob@example.com", "--json").stdout
    )
    assert _sign_in(running, "bob@example.com", added["password"])[0] == 401
    assert _sign_in(running, "bob@example.com", reset["password"])[0] == 200
    listed = json.loads(running.hh("admin", "user", "list", "--json").stdout)["users"]
    assert {"bob@example.com", running.endpoints["admin_email"]} <= {
        item["email"] for item in listed
    }


@pytest.mark.timeout(120)
def test_a_project_that_an_operator_makes_takes_traces_within_seconds(running: Embedded) -> None:
    made = json.loads(
        running.hh(
            "admin",
            "project",
            "add",
            "second",
            "--data-plane",
            "embedded",
            "--json",
            "--organisation",
            running.organisation,
        ).stdout
    )
    other = Embedded(running.folder, running.port_base, {**running.endpoints, **made})

    def started() -> bool:
        status, _ = other.post("/session/start", b'{"session": {"session_name": "hello"}}')
        return status == 200

    until(started, seconds=60, what="the data plane knows the new key")
    assert other.ask("/v1/events/search", {"filters": []})["count"] <= 1


def test_keys_rotate_and_nobody_is_refused(running: Embedded) -> None:
    before = running.ask("/v1/events/search", {"filters": []})["count"]

    assert "token key" in running.hh("admin", "key", "rotate", "token").stdout
    assert "configuration key" in running.hh("admin", "key", "rotate", "configuration").stdout

    assert running.ask("/v1/events/search", {"filters": []})["count"] >= before
    refused = running.hh("admin", "key", "rotate", "everything", check=False)
    assert refused.returncode == 78


def test_a_drained_data_plane_answers_and_takes_nothing_in_until_that_is_undone(
    running: Embedded,
) -> None:
    def writes(expected: int) -> bool:
        status, _ = running.post("/session/start", b'{"session": {"session_name": "hello"}}')
        return status == expected

    running.hh("admin", "data-plane", "drain", "embedded")
    until(lambda: writes(503), seconds=30, what="nothing is taken in")
    assert running.ask("/v1/events/search", {"filters": []})["count"] >= 0

    running.hh("admin", "data-plane", "drain", "embedded", "--undo")
    until(lambda: writes(200), seconds=30, what="it takes in again")


def test_a_second_init_changes_nothing(running: Embedded) -> None:
    refused = running.hh(
        "admin", "init", "--email", "eve@example.com", "--organisation", "Evil", check=False
    )

    assert refused.returncode == 1
    assert "reset-password" in refused.stderr
    assert "eve@example.com" not in running.hh("admin", "user", "list").stdout


def test_the_support_bundle_of_a_platform_at_work_holds_no_secret_and_no_content(
    running: Embedded, tmp_path: Path
) -> None:
    told = running.reload()
    mark = "the quick brown canary"
    body = {"session": {"session_name": "s", "inputs": {"q": mark}}}
    assert running.post("/session/start", json.dumps(body).encode())[0] == 200
    assert running.post("/v1/traces", f'{{"{mark}'.encode())[0] == 400

    shown = running.hh("doctor", "--output", str(tmp_path / "bundle.tar.gz")).stdout

    with tarfile.open(tmp_path / "bundle.tar.gz") as archive:
        archive.extractall(tmp_path / "bundle", filter="data")
    files = {path: path.read_text() for path in (tmp_path / "bundle").rglob("*") if path.is_file()}
    names = {str(path.relative_to(tmp_path / "bundle" / "hh-doctor")) for path in files}
    assert {
        "versions.json",
        "processes.json",
        "metrics/data.ingest.txt",
        "logs/control.api.log",
    } <= (names)
    assert all(name in shown for name in names)
    secret = [told[name] for name in ("api_key", "control_key", "admin_email", "admin_password")]
    secret += [path.read_text().strip() for path in running.folder.rglob("secrets/*.password")]
    secret += [(running.folder / "data" / "secrets" / "enrolment.token").read_text(), mark]
    for path, text in files.items():
        assert [item for item in secret if item in text] == [], path
        assert not re.search(r"eyJ[\w-]{8,}\.|BEGIN [A-Z ]*PRIVATE KEY|\$argon2", text), path


def test_no_key_password_or_token_stands_in_a_log_or_on_a_command_line(running: Embedded) -> None:
    told = running.reload()
    secret = [told[name] for name in ("api_key", "control_key", "admin_password")]
    secret += [path.read_text().strip() for path in running.folder.rglob("secrets/*.password")]
    secret += [(running.folder / "data" / "secrets" / "enrolment.token").read_text()]
    lines = [" ".join(psutil.Process(pid).cmdline()) for pid in told["processes"].values()]
    logs = [path.read_text(errors="replace") for path in running.folder.rglob("*.log*")]

    assert len(logs) > 8
    assert [item for item in secret if any(item in text for text in (*lines, *logs))] == []
