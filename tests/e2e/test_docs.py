"""Every code block of the README and the guide is run, in order, as a reader would.

- ``console``: lines that start with ``$`` are run by bash in the reader's folder; what
  one sets, the next ones know, as in one terminal. Of ``make``, the target is looked up: CI itself
  runs ``make test``, and another test does what ``make run`` does.
- ``python``: run as a script in the reader's folder.
- ``toml``: parsed; a whole configuration file is checked by ``hh check`` in the text itself.
- ``json``: parsed.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from embedded import free_port_base, hh, platform
from markdown_it import MarkdownIt

from hh_cli.demo.model_server import model_server

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]
FOLLOWED_ELSEWHERE = {"two-hosts.md"}
"""It takes two hosts: ``test_two_hosts.py``."""
OURS = {"console", "python", "toml", "json"}
TERMINAL = """
set -a -o pipefail
if [ -e .terminal ]; then . ./.terminal; fi
trap 'status=$?; { export -p; declare -f; } > .terminal; exit $status' EXIT
eval "$0"
"""
"""Runs one command with the variables and functions of those before it."""


@dataclass(frozen=True, slots=True)
class Block:
    language: str
    text: str
    line: int


def _blocks(page: Path) -> Iterator[Block]:
    for token in MarkdownIt().parse(page.read_text()):
        if token.type == "fence":
            assert token.map is not None
            yield Block(token.info.strip(), token.content, token.map[0] + 1)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_says_a_language_that_is_run(page: Path) -> None:
    assert [block.line for block in _blocks(page) if block.language not in OURS] == []


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "page",
    [page for page in PAGES if page.name not in FOLLOWED_ELSEWHERE],
    ids=lambda page: page.name,
)
def test_the_page_can_be_followed_word_by_word(page: Path, tmp_path: Path) -> None:
    blocks = list(_blocks(page))
    commands = "\n".join(block.text for block in blocks if block.language == "console")
    with ExitStack() as stack:
        environment = dict(os.environ) | {"PATH": f"{Path(sys.executable).parent}:{os.defpath}"}
        if re.search(r"^\$ hh (?!conformance)", commands, re.MULTILINE):
            _reader_has_a_platform(stack, tmp_path, commands)
            model = stack.enter_context(model_server())
            environment |= {"OPENAI_BASE_URL": model, "OPENAI_API_KEY": "none"}
        _reader_has_files(tmp_path, blocks)
        for block in blocks:
            _follow(block, tmp_path, environment, f"{page.name}:{block.line}")


def _reader_has_a_platform(stack: ExitStack, folder: Path, commands: str) -> None:
    if "hh up" in commands:
        stack.callback(hh, "down", "--data-dir", str(folder / ".hh"), check=False)
    else:
        running = stack.enter_context(platform(folder, folder=".hh"))
        running.hh("demo", timeout=120)


def _reader_has_files(folder: Path, blocks: list[Block]) -> None:
    """The files that commands of the page name, with the content that the page shows."""
    for block in blocks:
        if block.language == "toml" and "{fresh}" in block.text:
            (folder / "acme.toml").write_text(block.text)
    if any("tests/corpus/" in block.text for block in blocks):
        shutil.copytree(ROOT / "tests" / "corpus", folder / "tests" / "corpus")
        (folder / "docs").mkdir()
    generated = folder / ".hh" / "data" / "dispatch.toml"
    if generated.exists():
        (folder / "data-plane.toml").write_text(generated.read_text())


def _follow(block: Block, folder: Path, environment: dict[str, str], where: str) -> None:
    match block.language:
        case "console":
            for command in re.findall(r"^\$ ((?:.*\\\n)*.+)$", block.text, re.MULTILINE):
                _run_command(command, folder, environment, where)
        case "python":
            _run(["python", "-c", block.text], folder, environment, where)
        case "toml":
            assert tomllib.loads(block.text)
        case "json":
            assert json.loads(block.text)


def _run_command(command: str, folder: Path, environment: dict[str, str], where: str) -> None:
    command = command.split("  #")[0].strip()
    if command.startswith("make "):
        target = command.split()[1]
        assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), where
        return
    command = command.replace("--port-base 8470", f"--port-base {free_port_base()}")
    command = command.removesuffix(" -f")  # following a log has no end
    _run(["bash", "-c", TERMINAL, command], folder, environment, where)


def _run(command: list[str], folder: Path, environment: dict[str, str], where: str) -> None:
    done = subprocess.run(
        command,
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, f"{where}: {command[-1]}\n{done.stdout}{done.stderr}"
