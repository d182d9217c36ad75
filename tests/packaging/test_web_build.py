"""The web application as it was built here: whole, without inline scripts, and small at first."""

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest

from hh_control.web_build import FOLDER, Build, WebBuild

FIRST_LOAD_BYTES = 400_000


@pytest.fixture
def build() -> Build:
    found = WebBuild().now()
    assert found is not None, "run: make web"
    return found


class Parts(HTMLParser):
    """What a page loads, and what it holds itself that a content policy would have to allow."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.loaded: list[str] = []
        self.inline: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        source = given.get("src") if tag == "script" else given.get("href")
        if source and tag in ("script", "link"):
            self.loaded.append(source)
        if tag == "style" or (tag == "script" and not source):
            self.inline.append(tag)
        self.inline += [name for name in given if name == "style" or name.startswith("on")]


def test_the_page_loads_what_is_there_and_nothing_of_its_own_runs_inline(build: Build) -> None:
    parts = Parts(build.page("nonce"))

    assert parts.inline == []
    assert any(source.endswith(".js") for source in parts.loaded)
    assert set(parts.loaded) <= set(build.files)


def test_the_first_load_is_small(build: Build) -> None:
    loaded = [name for name in Parts(build.page("")).loaded if name.endswith((".js", ".css"))]
    sizes = {name: _on_the_wire(FOLDER / name[1:]) for name in loaded}

    assert 0 < sum(sizes.values()) < FIRST_LOAD_BYTES, sizes


def _on_the_wire(file: Path) -> int:
    """Bytes; what is too small to gain by it has no compressed twin."""
    twin = file.with_name(f"{file.name}.gz")
    return (twin if twin.exists() else file).stat().st_size


def test_every_large_text_is_compressed_in_both_ways(build: Build) -> None:
    for name, file in build.files.items():
        if file.is_immutable and name.endswith((".js", ".css")) and file.path.stat().st_size > 2048:
            for suffix in (".br", ".gz"):
                twin = file.path.with_name(file.path.name + suffix)
                assert 0 < twin.stat().st_size < file.path.stat().st_size, name


def test_no_file_names_another_host_to_load_from(build: Build) -> None:
    sheets = [file.path.read_text() for name, file in build.files.items() if name.endswith(".css")]

    assert sheets
    assert [
        found for sheet in sheets for found in re.findall(r"(?:https?:)?//[\w.-]+", sheet)
    ] == []
    assert not [
        found
        for sheet in sheets
        for found in re.findall(r"url\([^)]*\)", sheet)
        if "data:" in found
    ]
