"""A full disk below the journal: 503, never 200; it recovers without a restart."""

import contextlib
import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest
from embedded import Embedded, free_port_base, platform
from embedded.steps import planes_agree, until
from ledger import Ledger, Outcome, check

from hh_cli.embedded.configs import to_toml
from hh_cli.embedded.layout import Layout

DISK_BYTES = 2 << 20
SMALL_DISK = Path(__file__).with_name("small_disk.py")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Embedded]:
    with platform(tmp_path_factory.mktemp("disk")) as embedded:
        yield embedded


def _namespace() -> list[str]:
    """Root mounts in a namespace of its own; a user is root in a user namespace first."""
    own = ["unshare", "--mount", "--propagation", "private"]
    return own if os.geteuid() == 0 else [*own, "--user", "--map-root-user"]


def _may_mount() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        command = [*_namespace(), "mount", "-t", "tmpfs", "small", folder]
        try:
            return subprocess.run(command, capture_output=True, check=False).returncode == 0
        except FileNotFoundError:
            return False


DISKS = ("limited", "small") if _may_mount() else ("limited",)
"""Everywhere a process that may write no more; where one may mount, a real disk that is full."""


@pytest.mark.timeout(150)
@pytest.mark.parametrize("kind", DISKS)
def test_a_full_disk_is_503_and_never_200_and_heals_without_a_restart(
    house: Embedded, kind: str
) -> None:
    with _second_door(house, kind) as (url, disk):
        ledger = Ledger({**house.endpoints, "data_url": url})
        until(lambda: ledger.send(ledger.request()) is Outcome.ACK, seconds=30, what="it serves")
        for _ in range(20):
            assert ledger.send(ledger.request()) is Outcome.ACK
        for _ in range(2):  # it fills up again after it was healed
            _fill(disk)
            for _ in range(20):
                request = ledger.request()
                assert ledger.send(request) is Outcome.REJECT
                assert request.code == 503
                assert int(request.retry_after or 0) > 0

            assert _tell(disk, "free") > 0

            until(lambda: ledger.send(ledger.request()) is Outcome.ACK, seconds=20, what="a 200")
            for _ in range(20):
                assert ledger.send(ledger.request()) is Outcome.ACK
        ledger.endpoints = house.endpoints
        verdict = check(ledger, only=False)

        assert verdict.faults() == {}
        planes_agree(house)


@contextlib.contextmanager
def _second_door(house: Embedded, kind: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """An ingest process beside the platform's own, whose journal has a small disk to itself."""
    layout, base = Layout.of(house.folder), free_port_base()
    name = f"ingest-{kind}"
    journal = house.folder / "data" / f"journal-{kind}"
    journal.mkdir()
    document = tomllib.loads(layout.config("data", "ingest").read_text())
    document |= {
        "process": f"data.{name}",
        "node": 2 + DISKS.index(kind),
        "listen": {
            "http": f"127.0.0.1:{base}",
            "grpc": f"127.0.0.1:{base + 1}",
            "internal": f"unix:{layout.runtime / name}.sock",
        },
        "journal": {"adapter": "local", "path": str(journal)},
    }
    config = house.folder / "data" / f"{name}.toml"
    config.write_text(to_toml(document))
    command = [sys.executable, "-m", "hh_data", str(config)]
    log_file = house.folder / f"{name}.log"
    small = kind == "small"
    with log_file.open("wb") as log:
        disk = subprocess.Popen(
            [
                *(_namespace() if small else ()),
                *(sys.executable, str(SMALL_DISK), str(journal) if small else "-"),
                *(str(DISK_BYTES), *command),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        try:
            yield f"http://127.0.0.1:{base}", disk
        finally:
            disk.communicate(timeout=30)
    assert disk.returncode == 0, log_file.read_text()[-2000:]


def _fill(disk: "subprocess.Popen[str]") -> None:
    """Once nothing is left to ship, which would give room back."""
    until(lambda: _tell(disk, "segments") == 0, seconds=20, what="everything is shipped")
    until(lambda: _tell(disk, "fill") == 0, seconds=20, what="the disk is full")


def _tell(disk: "subprocess.Popen[str]", order: str) -> int:
    assert disk.stdin is not None
    assert disk.stdout is not None
    disk.stdin.write(f"{order}\n")
    disk.stdin.flush()
    return int(disk.stdout.readline())
