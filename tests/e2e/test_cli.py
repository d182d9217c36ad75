"""The command line, on a platform as a user starts it."""

import json
import os
import socket
import stat
from pathlib import Path
from typing import Any

import psutil
import pytest
from embedded import Embedded, free_port_base, hh, platform

PROCESSES = {
    "supervisor",
    "data.ingest",
    "data.dispatch",
    "data.api",
    "data.clickhouse",
    "data.nats",
    "data.postgres",
    "control.api",
    "control.clickhouse",
    "control.nats",
    "control.postgres",
}
DEMO_SESSIONS = 6


@pytest.fixture(scope="module")
def demo(running: Embedded) -> str:
    """What ``hh demo`` printed."""
    return running.hh("demo", timeout=120).stdout


def _processes(running: Embedded) -> dict[str, Any]:
    told = json.loads(running.hh("status", "--json").stdout)
    return {process["name"]: process for process in told["processes"]}


def test_endpoints_tell_tools_where_everything_is(running: Embedded) -> None:
    file = running.folder / "endpoints.json"
    told = json.loads(file.read_text())

    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert set(told) == {
        "control_url",
        "intake",
        "data_url",
        "otlp_grpc",
        "project_id",
        "api_key",
        "control_key",
        "admin_email",
        "admin_password",
        "processes",
    }
    assert set(told["processes"]) == PROCESSES
    assert all(psutil.pid_exists(pid) for pid in told["processes"].values())


def test_no_more_than_ten_ports_are_used_and_only_on_loopback(running: Embedded) -> None:
    listening = set()
    for pid in running.reload()["processes"].values():
        process = psutil.Process(pid)
        own = [] if pid == running.endpoints["processes"]["supervisor"] else process.children(True)
        for connections in [item.net_connections("inet") for item in (process, *own)]:
            listening |= {c.laddr for c in connections if c.status == psutil.CONN_LISTEN}

    assert {address.ip.removeprefix("::ffff:") for address in listening} == {"127.0.0.1"}
    ports = {address.port for address in listening}
    assert ports <= set(range(running.port_base, running.port_base + 10))


def test_status_shows_every_process_with_its_memory(running: Embedded) -> None:
    processes = _processes(running)

    assert set(processes) == PROCESSES
    assert all(process["ready"] for process in processes.values())
    assert all(process["memory_bytes"] > 1 << 20 for process in processes.values())
    assert "data.ingest" in running.hh("status").stdout


def test_everything_secret_is_readable_by_its_owner_only(running: Embedded) -> None:
    for path in (running.folder / "data", running.folder / "control"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    secret = [running.folder / "credentials.json", running.folder / "data" / "name.key"]
    secret += (running.folder / "data" / "secrets").iterdir()
    for file in secret:
        assert stat.S_IMODE(file.stat().st_mode) & 0o077 == 0, file


def test_the_demo_shows_traces_of_both_instrumentors(demo: str) -> None:
    assert f"{DEMO_SESSIONS} sessions of the demo are readable" in demo
    assert "support_agent" in demo
    assert "gpt-4o" in demo
    assert "tokens" in demo


def test_events_are_listed_and_filtered(running: Embedded, demo: str) -> None:
    everything = json.loads(running.hh("events", "--json", "-n", "5").stdout)
    models = json.loads(running.hh("events", "--json", "--type", "model", "-n", "1000").stdout)
    errors = json.loads(running.hh("events", "--json", "--errors", "-n", "1000").stdout)

    assert len(everything["events"]) == 5
    assert everything["count"] > 100
    assert {event["event_type"] for event in models["events"]} == {"model"}
    assert any("there is no order Z-9999" in (event["error"] or "") for event in errors["events"])
    assert "support_agent" in running.hh("events", "--name", "support_agent").stdout


def test_a_trace_is_a_tree_with_models_tokens_and_errors(running: Embedded, demo: str) -> None:
    wanted = ("--type", "session", "--json", "-n", "100")
    sessions = json.loads(running.hh("events", *wanted).stdout)["events"]
    piano = [item["session_id"] for item in sessions if "piano-question" in item["session_id"]]

    for session in piano:
        shown = running.hh("trace", session).stdout
        lines = shown.splitlines()[1:]  # the first is the session itself
        assert session in shown
        assert "look_up_order" in shown
        assert "✗" in shown
        agents = [index for index, line in enumerate(lines) if "support_agent" in line]
        plans = [index for index, line in enumerate(lines) if " plan " in line]
        assert len(agents) == len(plans) == 2
        assert all(agent < plan for agent, plan in zip(agents, plans, strict=True))
    assert len(piano) == 2


def test_the_newest_session_is_shown_by_default_and_as_json(running: Embedded, demo: str) -> None:
    document = json.loads(running.hh("trace", "--json").stdout)

    assert document["session"]["event_type"] == "session"
    assert document["session"]["children"]


def test_an_event_shows_its_prompt_and_its_answer(running: Embedded, demo: str) -> None:
    wanted = ("--type", "model", "--json", "-n", "1", "--where", "config.model=gpt-4.1")
    newest = json.loads(running.hh("events", *wanted).stdout)["events"][0]

    shown = running.hh("event", newest["event_id"][:13]).stdout
    assert newest["event_id"] in shown
    assert newest["inputs"]["chat_history"][-1]["content"] in shown
    assert "gpt-4.1" in shown
    document = json.loads(running.hh("event", newest["event_id"], "--json").stdout)
    assert document["event"]["inputs"] == newest["inputs"]


def test_the_beginning_of_an_id_is_enough_if_there_is_one(running: Embedded, demo: str) -> None:
    whole = json.loads(running.hh("trace", "--json").stdout)["session"]["session_id"]
    unclear = running.hh("trace", whole[:1], check=False)

    assert whole in running.hh("trace", whole[:-1]).stdout
    assert whole in running.hh("events", "--session", whole[:-1], "-n", "1").stdout
    assert unclear.returncode == 1
    assert "ids begin with" in unclear.stderr


def test_an_unknown_session_is_a_clear_error(running: Embedded) -> None:
    done = running.hh("trace", "no-such-session", check=False)

    assert done.returncode == 1
    assert done.stderr.startswith("hh: ")
    assert "Traceback" not in done.stderr


def test_logs_are_readable_and_hold_no_key(running: Embedded) -> None:
    shown = running.hh("logs", "data.ingest").stdout

    assert "ready" in shown
    for file in running.folder.rglob("*.log"):
        assert running.endpoints["api_key"].encode() not in file.read_bytes()
    unknown = running.hh("logs", "data.nobody", check=False)
    assert unknown.returncode == 1
    assert "data.ingest" in unknown.stderr


@pytest.mark.parametrize("name", ["data/ingest", "data/dispatch", "data/api", "control/control"])
def test_check_pings_every_port_and_masks_secrets(running: Embedded, name: str) -> None:
    file = running.folder / f"{name}.toml"

    shown = running.hh("check", str(file)).stdout

    plane = name.partition("/")[0]
    password = (running.folder / plane / "secrets" / "nats.password").read_text().strip()
    assert password not in shown
    assert "••••••" in shown
    assert "✗" not in shown
    assert "[records] answers" in shown


def test_check_says_which_port_does_not_answer(running: Embedded, tmp_path: Path) -> None:
    text = (running.folder / "data" / "dispatch.toml").read_text()
    nats = f"nats://127.0.0.1:{running.port_base + 6}"
    assert nats in text
    file = tmp_path / "dispatch.toml"
    file.write_text(text.replace(nats, "nats://127.0.0.1:1"))

    done = running.hh("check", str(file), check=False)

    assert done.returncode == os.EX_TEMPFAIL
    assert "✗ [queue]" in done.stdout
    assert "✓ [records]" in done.stdout


def test_a_wrong_file_ends_a_plane_with_all_its_mistakes(tmp_path: Path) -> None:
    file = tmp_path / "plane.toml"
    file.write_text('services = ["dispatch"]\nproces = "x"\n')

    for command in ("data", "check"):
        done = hh(command, str(file), check=False)
        assert done.returncode == os.EX_CONFIG
        assert "did you mean 'process'?" in done.stderr
        assert "dp_id" in done.stderr


def test_the_boundary_lists_what_crosses(running: Embedded) -> None:
    document = json.loads(running.hh("boundary", "show", "--json").stdout)

    assert len(document["columns"]) == 24
    assert "never crosses" in running.hh("boundary", "show").stdout


def test_a_second_up_says_where_the_platform_is(running: Embedded) -> None:
    done = running.hh("up", "--detach")

    assert "already running" in done.stdout
    assert running.endpoints["data_url"] in done.stdout


def test_there_are_no_dead_letters_in_fair_weather(running: Embedded, demo: str) -> None:
    assert "no dead letters" in running.hh("dlq", "list").stdout
    assert running.hh("dlq", "redrive").returncode == 0


def test_rebuilding_beside_the_running_platform_changes_nothing(
    running: Embedded, demo: str
) -> None:
    body = {"filters": [], "limit": 1}
    before = running.ask("/v1/events/search", body)["count"]

    done = running.hh("rebuild", "--from-raw", timeout=120)

    assert "0 refused" in done.stdout
    assert running.ask("/v1/events/search", body)["count"] == before


def test_without_a_platform_the_remedy_is_named(tmp_path: Path) -> None:
    for command in ("status", "events", "trace", "demo"):
        done = hh(command, "--data-dir", str(tmp_path / "none"), check=False)
        assert done.returncode == 1
        assert "no platform is running" in done.stderr
        assert "hh up" in done.stderr


def test_a_taken_port_names_its_holder(tmp_path: Path) -> None:
    base = free_port_base()
    with socket.socket() as taken:
        taken.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taken.bind(("127.0.0.1", base + 4))
        taken.listen()
        done = hh(
            *("up", "--detach", "--data-dir", str(tmp_path / "hh"), "--port-base", str(base)),
            check=False,
        )

    assert done.returncode == os.EX_CONFIG
    assert f"port {base + 4} is taken by" in done.stderr
    assert f"pid {os.getpid()}" in done.stderr


@pytest.mark.timeout(240)
def test_a_platform_in_a_deep_folder_comes_back_with_its_data(tmp_path: Path) -> None:
    depth = 120 - len(str(tmp_path)) - 1
    folder = "d" * max(depth, 10)
    with platform(tmp_path, folder=folder) as running:
        assert len(str(running.folder)) >= 120
        key = running.endpoints["api_key"]
        started = running.ask("/session/start", {"session": {"session_name": "remembered"}})
        pids = list(running.endpoints["processes"].values())

        running.down()

        assert not (running.folder / "endpoints.json").exists()
        assert not any(psutil.pid_exists(pid) for pid in pids)
        running.up()
        assert running.endpoints["api_key"] == key
        tree = running.ask(f"/v1/sessions/{started['session_id']}")
        assert tree["session"]["event_name"] == "remembered"

        running.down("--purge")
        assert not running.folder.exists()
