"""Whatever of the platform is killed comes back, the supervisor itself included."""

import json
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import psutil
import pytest
from embedded import Embedded, platform

SECONDS = 10.0


@pytest.fixture(scope="module")
def supervised(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with platform(tmp_path_factory.mktemp("supervised")) as embedded:
        yield embedded


def _ready(running: Embedded) -> dict[str, Any]:
    done = running.hh("status", "--json", check=False)
    if done.returncode:
        return {}
    told = json.loads(done.stdout)["processes"]
    return {item["name"]: item["pid"] for item in told if item["ready"]}


@pytest.mark.timeout(300)
def test_each_process_serves_again_within_ten_seconds(supervised: Embedded) -> None:
    names = sorted(set(supervised.reload()["processes"]) - {"supervisor"})
    for name in names:
        killed = supervised.reload()["processes"][name]
        os.kill(killed, signal.SIGKILL)
        deadline = time.monotonic() + SECONDS
        while _ready(supervised).get(name) in (None, killed):
            assert time.monotonic() < deadline, f"{name} does not serve after {SECONDS} s"
            time.sleep(0.1)
        assert supervised.reload()["processes"][name] == _ready(supervised)[name]


@pytest.mark.timeout(120)
def test_a_killed_supervisor_comes_back_and_leaves_no_process_behind(supervised: Embedded) -> None:
    before = supervised.reload()["processes"]
    os.kill(before["supervisor"], signal.SIGKILL)

    deadline = time.monotonic() + 30
    while not (now := _told(supervised)) or now["supervisor"] == before["supervisor"]:
        assert time.monotonic() < deadline, "the supervisor did not come back"
        time.sleep(0.1)

    assert not [name for name, pid in before.items() if _is_alive(pid) and pid not in now.values()]
    assert supervised.get("/readyz")[0] == 200


@pytest.mark.timeout(120)
def test_a_supervisor_that_was_killed_can_be_stopped_and_started(supervised: Embedded) -> None:
    before = supervised.reload()["processes"]
    os.kill(before["supervisor"], signal.SIGKILL)

    supervised.down()

    assert not [name for name, pid in before.items() if _is_alive(pid)]
    supervised.up()
    assert set(supervised.endpoints["processes"]) == set(before)


def _told(running: Embedded) -> dict[str, int]:
    try:
        return dict(running.reload()["processes"])
    except (OSError, ValueError):
        return {}


def _is_alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
