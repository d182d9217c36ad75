"""The folder of an embedded platform, and what its supervisor does to files and processes."""

import json
import os
import stat
import subprocess
import sys
import time
import tomllib
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from hh_cli.embedded.layout import Layout, Ports
from hh_cli.embedded.logs import keep_bounded, tail
from hh_cli.embedded.prepare import new_api_key, prepare
from hh_cli.embedded.stale import end_stale
from hh_cli.embedded.state import (
    Phase,
    PlatformState,
    ProcessState,
    exclusive,
    read_state,
    this_process,
    write_state,
)
from hh_control.config import ControlPlaneConfig
from hh_core.errors import ConfigError
from hh_data.config import DataPlaneConfig
from hh_runtime.config import load
from hh_runtime.keys import KeyDirectory

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

    for service in ("ingest", "dispatch", "api"):
        config = load(layout.config("data", service), DataPlaneConfig)
        assert config.services == (service,)
    control = load(layout.config("control", "control"), ControlPlaneConfig)
    assert control.listen.intake.port == 9003
    files = [path for path in layout.base.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}


def test_the_key_opens_the_project_and_only_its_digest_is_told(layout: Layout) -> None:
    credentials = prepare(layout, PORTS)

    for plane in ("data", "control"):
        file = layout.plane(plane) / "keys.json"
        principal = KeyDirectory(file).authenticate(f"Bearer {credentials.api_key}")
        assert str(principal.project) == credentials.project_id
        assert credentials.api_key not in file.read_text()


def test_the_planes_share_no_password(layout: Layout) -> None:
    prepare(layout, PORTS)
    passwords = [path.read_text() for path in layout.base.rglob("*.password")]

    assert len(passwords) == len(set(passwords)) == 6


def test_keys_are_long_and_never_alike() -> None:
    keys = {new_api_key() for _ in range(100)}

    assert len(keys) == 100
    assert {len(key) for key in keys} == {52}
    assert all(key.startswith("hh_") and key[3:].isalnum() for key in keys)


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
