"""docs/two-hosts.md is followed word by word on two hosts, and what it says of them is true."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import pytest
from markdown_it import MarkdownIt
from two_hosts import Host, two_hosts

PAGE = Path(__file__).parents[2] / "docs" / "two-hosts.md"
PROMPT = re.compile(r"^(control|data)\$ (.+)$", re.MULTILINE)
INTAKE, DOOR = 8473, {8471, 8472}
PROMPT_TEXT = b"Where is my order?"
SECONDS = 200
T = TypeVar("T")

_HH = """#!/bin/sh
exec {python} -c 'from hh_cli.main import main; main()' "$@"
"""
_SCP = """#!{python}
import pathlib, shutil, sys
*sources, target = sys.argv[1:]
for source in sources:
    host, _, name = source.partition(":")
    folder = pathlib.Path({parent!r}) / host.partition(".")[0]
    shutil.copy(folder / name, target)
"""
"""Whoever reads the page has a way to bring files over. Here it is not the network."""

pytestmark = pytest.mark.two_hosts


class Reader:
    """Sits at both hosts and does what the page says, section by section."""

    def __init__(self, control: Host, data: Host) -> None:
        self.hosts = {"control": control, "data": data}
        self.said: dict[str, str] = {}
        """What each command printed, both streams."""

    def follow(self, section: str) -> None:
        for block in self._blocks(section):
            if block.info == "python":
                self.hosts["data"].run(sys.executable, "-c", block.content, timeout=60)
                continue
            for where, command in PROMPT.findall(block.content):
                done = self.hosts[where].run("bash", "-c", command, timeout=SECONDS)
                self.said[command] = done.stdout + done.stderr

    def _blocks(self, section: str) -> Iterator["Block"]:
        within = False
        tokens = MarkdownIt().parse(PAGE.read_text())
        for token, after in zip(tokens, [*tokens[1:], tokens[-1]], strict=True):
            if token.type == "heading_open":
                within = after.content == section
            if token.type == "fence" and within:
                yield Block(token.info.strip(), token.content)


class Block:
    def __init__(self, info: str, content: str) -> None:
        self.info, self.content = info, content


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    parent = tmp_path_factory.mktemp("hosts")
    with two_hosts(parent) as (control, data):
        tools = parent / "bin"
        tools.mkdir()
        (tools / "scp").write_text(_SCP.format(python=sys.executable, parent=str(parent)))
        (tools / "scp").chmod(0o755)
        for host in (control, data):
            (tools / "hh").write_text(_HH.format(python=sys.executable))
            (tools / "hh").chmod(0o755)
            host.environment["PATH"] = f"{tools}:{host.environment['PATH']}"
        try:
            yield Reader(control, data)
        finally:
            for host in (data, control):
                host.run("hh", "down", check=False, timeout=SECONDS)


@pytest.mark.timeout(500)
def test_the_way_for_two_hosts_can_be_followed_word_by_word(reader: Reader) -> None:
    control, data = reader.hosts["control"], reader.hosts["data"]

    reader.follow("The control plane")
    assert control.reachable_sockets() == {INTAKE}
    assert (data.folder / ".hh").exists() is False

    reader.follow("The data plane")
    (listed,) = json.loads(control.run("hh", "admin", "data-plane", "list", "--json").stdout)[
        "data_planes"
    ]
    assert (listed["name"], listed["state"], listed["enrolled"]) == ("eu-1", "active", True)
    assert data.reachable_sockets() == set()

    reader.follow("A trace")
    assert "answer" in reader.said["HH_API_KEY=$(cat support.key) hh trace"]
    _until(lambda: _counted(control) == 1, "the control plane counts the event")

    reader.follow("Without the control plane")
    assert "answer" in reader.said["HH_API_KEY=$(cat support.key) hh trace"]
    _until(lambda: _counted(control) == 1, "the control plane is back")

    reader.follow("Let other hosts send")
    assert data.reachable_sockets() == DOOR
    assert control.reachable_sockets() == {INTAKE}

    assert data.opened_by_peer() == 0, "the control plane's host opened a connection"
    assert control.opened_by_peer() > 0, "the counters counted nothing"
    assert control.opened() == 0
    _nothing_of_the_other_side_lies_about(reader)


def test_every_command_of_the_page_is_followed(reader: Reader) -> None:
    commands = {command for _, command in PROMPT.findall(PAGE.read_text())}

    assert len(commands) > 12
    assert commands == set(reader.said)


def _nothing_of_the_other_side_lies_about(reader: Reader) -> None:
    """No content on the control plane's disk, none of its secrets on the data plane's."""
    control, data = reader.hosts["control"].folder, reader.hosts["data"].folder
    password = re.search(r"^password\s+(\S+)", _init(reader), re.MULTILINE)
    assert password is not None
    key = (control / "support.key").read_bytes().strip()
    assert _files_with(data / ".hh", PROMPT_TEXT), "the search finds what is there"
    assert _files_with(control / ".hh", PROMPT_TEXT) == []
    for secret in (password[1].encode(), key, b"BEGIN PRIVATE KEY"):
        found = [path for path in _files_with(control / ".hh", secret) if "trust" not in str(path)]
        assert found == []
    for secret in (password[1].encode(), key, b"$argon2"):
        assert _files_with(data / ".hh", secret) == []


def _init(reader: Reader) -> str:
    return next(said for command, said in reader.said.items() if "admin init" in command)


def _files_with(folder: Path, text: bytes) -> list[Path]:
    files = (path for path in folder.rglob("*") if path.is_file())
    return [path for path in files if text in path.read_bytes()]


def _counted(control: Host) -> int:
    command = next(
        command
        for where, command in PROMPT.findall(PAGE.read_text())
        if where == "control" and "analytics" in command
    )
    done: subprocess.CompletedProcess[str] = control.run("bash", "-c", command, check=False)
    return int(json.loads(done.stdout)["rows"][0]["events"]) if done.returncode == 0 else 0


def _until(condition: Callable[[], T], what: str, seconds: float = 60.0) -> T:
    deadline = time.monotonic() + seconds
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}"
        time.sleep(0.2)
    return answer
