"""The folder of an embedded platform, and what its supervisor does to files and processes."""

import asyncio
import json
import os
import stat
import subprocess
import sys
import time
import tomllib
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import psutil
import pytest

from hh_cli.admin.certificate import issue
from hh_cli.admin.invitation import invitation
from hh_cli.embedded.credentials import read_credentials
from hh_cli.embedded.founding import Founding
from hh_cli.embedded.host import Host, read_host, settle
from hh_cli.embedded.layout import Layout, Ports
from hh_cli.embedded.logs import keep_bounded, tail
from hh_cli.embedded.prepare import prepare
from hh_cli.embedded.process import Spec, Supervised
from hh_cli.embedded.report import Report
from hh_cli.embedded.show import print_door, print_summary
from hh_cli.embedded.specs import specs
from hh_cli.embedded.stale import end_stale
from hh_cli.embedded.start import Endpoints
from hh_cli.embedded.state import (
    Phase,
    PlatformState,
    ProcessState,
    exclusive,
    read_state,
    this_process,
    write_private,
    write_state,
)
from hh_control.config import ControlPlaneConfig
from hh_core.domain.api_keys import digest_of
from hh_core.errors import ConfigError
from hh_data.config import DataPlaneConfig
from hh_runtime.config import load

PORTS = Ports(9000)


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    return Layout.of(tmp_path / "hh")


def _state(layout: Layout, *processes: ProcessState) -> PlatformState:
    state = PlatformState(
        Phase.READY,
        9000,
        this_process("supervisor"),
        ProcessState("guardian"),
        {process.name: process for process in processes},
    )
    layout.base.mkdir(exist_ok=True)
    write_state(layout, state)
    return state


def test_what_is_made_once_stays(layout: Layout) -> None:
    first = prepare(layout, PORTS)
    secrets = {path: path.read_bytes() for path in layout.base.rglob("secrets/*")}
    name_key = (layout.plane("data") / "name.key").read_bytes()

    assert prepare(layout, Ports(9100)) == first
    assert {path: path.read_bytes() for path in layout.base.rglob("secrets/*")} == secrets
    assert (layout.plane("data") / "name.key").read_bytes() == name_key
    assert len(name_key) == 32


def test_generated_files_are_right_and_private(layout: Layout) -> None:
    prepare(layout, PORTS)
    write_private(layout.enrolment_token, "the founding makes it")

    for service in ("ingest", "dispatch", "api"):
        config = load(layout.config("data", service), DataPlaneConfig)
        assert config.services == (("api", "controller") if service == "api" else (service,))
        assert config.browser_url() == f"http://127.0.0.1:{PORTS.data_http}"
    control = load(layout.config("control", "control"), ControlPlaneConfig)
    assert control.listen.intake.port == 9003
    files = [path for path in layout.base.rglob("*") if path.is_file()]
    assert len(files) > 8
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_only_the_first_start_waits_for_the_founding(layout: Layout) -> None:
    credentials = prepare(layout, PORTS)
    assert credentials is not None

    first, later = (
        Founding(layout, credentials),
        Founding(layout, replace(credentials, founded=True)),
    )

    assert (first.done.is_set(), later.done.is_set()) == (False, True)
    assert not first.lets_in()
    layout.access.write_text(json.dumps({"keys": [digest_of(credentials.api_key)]}))
    assert first.lets_in()


def test_the_planes_share_no_password(layout: Layout) -> None:
    prepare(layout, PORTS)
    passwords = [path.read_text() for path in layout.base.rglob("*.password")]

    assert len(passwords) == len(set(passwords)) == 6
    control = {path.read_bytes() for path in layout.plane("control").rglob("*") if path.is_file()}
    data = {path.read_bytes() for path in layout.plane("data").rglob("*") if path.is_file()}
    assert control.isdisjoint(data), "no file of the one is a file of the other"


def test_a_folder_of_the_release_before_keeps_its_project_and_its_key(layout: Layout) -> None:
    earlier = {
        "version": 1,
        "org_id": str(uuid4()),
        "workspace_id": str(uuid4()),
        "project_id": str(uuid4()),
        "project_name": "default",
        "key_id": str(uuid4()),
        "api_key": "hh_" + "k" * 49,
        "dp_id": str(uuid4()),
    }
    layout.base.mkdir()
    layout.credentials.write_text(json.dumps(earlier))
    for name in ("keys.json", "data-planes.json", "secrets/intake.token"):
        for plane in ("control", "data"):
            path = layout.plane(plane) / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("the release before")

    assert settle(layout, {}, None) == Host()
    credentials = prepare(layout, PORTS)

    assert credentials is not None
    kept = {name: getattr(credentials, name) for name in earlier if name != "version"}
    assert kept == {name: value for name, value in earlier.items() if name != "version"}
    assert not credentials.founded
    assert read_credentials(layout) == credentials
    left = [path for path in layout.base.rglob("*") if path.name == "intake.token"]
    assert left == []
    assert not (layout.plane("control") / "keys.json").exists()
    assert layout.access.read_text() == "the release before", "the key counts while it founds"


@pytest.mark.parametrize("damage", ["{", "[]", '{"version": "x"}', '{"version": 2}'])
def test_damaged_credentials_are_refused_with_a_remedy(layout: Layout, damage: str) -> None:
    layout.base.mkdir()
    layout.credentials.write_text(damage)

    with pytest.raises(ConfigError, match=r"restore it, or purge|newer release"):
        prepare(layout, PORTS)


def _invited(tmp_path: Path, name: str = "eu-1.toml") -> Path:
    token = "hh_enrol_" + "k" * 43 + "_" + "0f" * 32
    text = invitation("eu-1", str(uuid4()), "control.example:8473", None, token)
    (tmp_path / name).write_text(text)
    (tmp_path / "ca.pem").write_text("the authority")
    return tmp_path / name


def test_a_data_plane_alone_is_what_its_control_plane_said(layout: Layout, tmp_path: Path) -> None:
    file = _invited(tmp_path)

    host = settle(layout, {"plane": "data"}, file)
    prepare(layout, PORTS, host)

    assert read_host(layout) == host == settle(layout, {}, None)
    config = load(layout.config("data", "api"), DataPlaneConfig)
    assert config.control is not None
    assert str(config.dp_id) == host.dp_id
    assert config.browser_url() is None
    assert config.control.intake == "control.example:8473"
    assert config.control.tls_ca is not None
    assert config.control.tls_ca.read_text() == "the authority"
    assert config.control.enrolment_token is not None
    assert config.control.enrolment_token.get_secret_value() in file.read_text()
    assert not layout.plane("control").exists()
    assert not layout.credentials.exists()
    names = {spec.name for spec in specs(layout, PORTS, dispatchers=1, planes=host.planes)}
    assert {name.partition(".")[0] for name in names} == {"data"}


def test_a_control_plane_alone_holds_nothing_of_a_data_plane(layout: Layout) -> None:
    host = settle(layout, {"plane": "control"}, None)

    assert prepare(layout, PORTS, host) is None
    assert not layout.plane("data").exists()
    load(layout.config("control", "control"), ControlPlaneConfig)


def test_what_cannot_be_is_refused_before_anything_is_written(
    layout: Layout, tmp_path: Path
) -> None:
    file, other = _invited(tmp_path), _invited(tmp_path, "other.toml")
    (tmp_path / "broken.toml").write_text("dp_id = 1")
    pem = {"certificate": str(file), "certificate_key": str(file)}
    refused: list[tuple[dict[str, str], Path | None, str]] = [
        ({"plane": "data"}, None, "--join FILE"),
        ({"plane": "control"}, file, "data plane alone"),
        ({"plane": "data"}, tmp_path / "none.toml", "No such file"),
        ({"plane": "data"}, tmp_path / "broken.toml", "not what `hh admin data-plane add`"),
        ({"plane": "control", "public": "c.example"}, None, "in the clear"),
        ({"plane": "control", "certificate": str(file)}, None, "go together"),
        ({"plane": "control", "certificate": "/none", "certificate_key": "/none"}, None, "no such"),
        ({"public": "c.example", **pem}, None, "both stay on loopback"),
        ({"origin": "https://traces.example/v1"}, None, "--origin is a scheme"),
    ]
    for asked, join, why in refused:
        with pytest.raises(ConfigError, match=why):
            settle(layout, asked, join)
        assert read_host(layout) is None

    settle(layout, {"plane": "data"}, file)
    with pytest.raises(ConfigError, match="holds a data plane"):
        settle(layout, {"plane": "both"}, None)
    with pytest.raises(ConfigError, match="for another one"):
        settle(layout, {}, other)


def test_a_door_to_other_hosts_is_served_by_tls(layout: Layout, tmp_path: Path) -> None:
    ca, certificate, key = issue(tmp_path, ["data.example"])
    pem = {"certificate": str(certificate), "certificate_key": str(key)}

    asked = {"plane": "data", "public": "data.example", "origin": "https://traces.example", **pem}
    host = settle(layout, asked, _invited(ca.parent))
    prepare(layout, PORTS, host)

    config = load(layout.config("data", "ingest"), DataPlaneConfig)
    listen = config.listen
    assert (listen.http.host, listen.grpc.host) == ("data.example", "data.example")
    assert (listen.tls_certificate, listen.tls_key) == (certificate, key)
    assert listen.origins[-1] == "https://traces.example"
    assert config.browser_url() == f"https://data.example:{PORTS.data_http}"


def test_a_folder_of_a_newer_release_is_left_alone(layout: Layout) -> None:
    prepare(layout, PORTS)
    document = json.loads(layout.credentials.read_text())
    layout.credentials.write_text(json.dumps({**document, "version": 99}))

    with pytest.raises(ConfigError, match="newer release"):
        prepare(layout, PORTS)


def test_files_are_toml_also_for_odd_folders(tmp_path: Path) -> None:
    odd = Layout.of(tmp_path / 'a "b" \\ ü')
    prepare(odd, PORTS)

    document = tomllib.loads(odd.config("data", "ingest").read_text())

    assert document["journal"]["path"] == str(odd.base / "data" / "journal")


def test_sockets_stand_in_a_short_folder_however_long_the_data_folder_is(tmp_path: Path) -> None:
    longest = Layout.of(tmp_path / ("d" * 200)).socket("control.clickhouse")

    assert len(os.fsencode(longest)) < 100


def test_state_survives_being_written_and_read(layout: Layout) -> None:
    state = _state(layout, this_process("data.api"))

    assert read_state(layout) == state
    assert state.running
    layout.state.write_text("{")
    assert read_state(layout) is None


@pytest.mark.parametrize(
    ("plane", "has", "lacks"),
    [
        ("control", {"control_url", "intake"}, {"data_url", "api_key", "admin_password"}),
        ("data", {"data_url", "otlp_grpc"}, {"control_url", "api_key", "admin_password"}),
        ("both", {"control_url", "data_url", "api_key", "admin_email", "admin_password"}, set()),
    ],
)
def test_endpoints_tell_of_what_the_host_has(
    layout: Layout, plane: str, has: set[str], lacks: set[str]
) -> None:
    layout.base.mkdir()
    host = Host(plane=plane, dp_id=str(uuid4()))
    report = Report(layout, PORTS)
    report.serves(host, prepare(layout, PORTS, host))
    report.write(Phase.READY, {})

    told = json.loads(layout.endpoints.read_text())
    assert stat.S_IMODE(layout.endpoints.stat().st_mode) == 0o600
    assert has <= set(told)
    assert lacks.isdisjoint(told)
    assert Endpoints(**told).processes["supervisor"] == os.getpid()


def test_a_terminal_says_first_and_last_where_to_look_and_with_which_login(
    layout: Layout, capsys: pytest.CaptureFixture[str]
) -> None:
    found = Endpoints(
        {},
        control_url="http://127.0.0.1:9000",
        data_url="http://127.0.0.1:9001",
        admin_email="admin@localhost",
        admin_password="made-at-random",
    )

    print_summary(layout, found, already=False, detached=True)
    _, first, second, *_ = capsys.readouterr().out.splitlines()
    print_door(found)
    print_door(
        Endpoints({}, data_url="http://127.0.0.1:9001")
    )  # a data plane alone has no such door
    last = capsys.readouterr().out

    assert first.split() == ["open", "http://127.0.0.1:9000"]
    assert second.split() == ["login", "admin@localhost", "made-at-random"]
    assert last == "→ open http://127.0.0.1:9000 and sign in: admin@localhost  made-at-random\n"


def test_only_one_supervisor_holds_a_folder(layout: Layout) -> None:
    layout.base.mkdir()

    with exclusive(layout) as first, exclusive(layout) as second:
        assert (first, second) == (True, False)
    with exclusive(layout) as again:
        assert again


def test_what_an_earlier_supervisor_left_is_ended_and_nobody_else(layout: Layout) -> None:
    command = [sys.executable, "-c", "import time; time.sleep(60)"]
    left, other = (subprocess.Popen(command, start_new_session=True) for _ in range(2))
    try:
        reused = replace(this_process("data.nats", other.pid), created=1.0)  # another's pid now
        state = _state(layout, this_process("data.api", left.pid), reused)

        end_stale(state)

        assert left.wait(10) == -9
        assert other.poll() is None
    finally:
        for process in (left, other):
            process.kill()
            process.wait()


def test_a_dead_process_is_not_alive_even_as_a_zombie() -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        state = this_process("data.api", process.pid)
        assert state.alive
        process.kill()
        while psutil.Process(process.pid).status() != psutil.STATUS_ZOMBIE:
            time.sleep(0.01)
        assert not state.alive


def test_logs_stay_bounded_while_their_writers_go_on(tmp_path: Path) -> None:
    log = tmp_path / "ingest.log"
    with log.open("ab", buffering=0) as writer:
        for number in range(4):
            writer.write(f"{number}\n".encode() * 100)
            keep_bounded([log], max_bytes=100)
        writer.write(b"last\n")

    assert tail(log, lines=5) == "last"
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "ingest.log",
        "ingest.log.1",
        "ingest.log.2",
    ]
    assert tail(tmp_path / "ingest.log.1", lines=1) == "3"
    assert tail(tmp_path / "none.log", lines=1) == ""


@pytest.mark.parametrize("name", ["MALLOC_ARENA_MAX", "GOMEMLIMIT"])
@pytest.mark.parametrize("chosen", [None, "4"])
def test_a_process_is_frugal_unless_the_operator_chose_otherwise(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, chosen: str | None
) -> None:
    monkeypatch.delenv(name, raising=False)
    if chosen is not None:
        monkeypatch.setenv(name, chosen)
    expected = chosen or {"MALLOC_ARENA_MAX": "1", "GOMEMLIMIT": "80MiB"}[name]
    code = f"import os, time; print(os.environ['{name}'], flush=True); time.sleep(60)"
    log = tmp_path / "api.log"

    async def has_spoken() -> bool:
        return bool(tail(log, lines=1))

    async def run() -> None:
        ready = asyncio.Event()

        def changed() -> None:
            if supervised.state.ready:
                ready.set()

        spec = Spec("data.api", lambda: (sys.executable, "-c", code), has_spoken, log)
        supervised = Supervised(spec, changed)
        running = asyncio.create_task(supervised.run())
        async with asyncio.timeout(30):
            await ready.wait()
        await supervised.stop()
        await running

    asyncio.run(run())

    assert tail(log, lines=1) == expected
