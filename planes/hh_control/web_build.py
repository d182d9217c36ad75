"""The web application as its build left it: one page, and the files that the page loads.

What may be asked for is what was found in the folder: a path is looked up and never put together,
so there is nothing outside of it to reach.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from pathlib import Path

log = logging.getLogger(__name__)

FOLDER = Path(__file__).with_name("static")
ASSETS = "/assets/"
"""Below this stand files whose names change with their content."""
_PAGE = "index.html"
_NONCE = 'name="csp-nonce" content="'
_COMPRESSED = (".br", ".gz")
_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".ico": "image/x-icon",
    ".js": "text/javascript; charset=utf-8",
    ".json": "application/json",
    ".map": "application/json",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
    ".webmanifest": "application/manifest+json",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
"""By suffix; the system's own table differs from machine to machine."""


@dataclass(frozen=True, slots=True)
class File:
    path: Path
    content_type: str
    is_immutable: bool


@dataclass(frozen=True, slots=True)
class Build:
    """One build. ``files`` are by the path of their URL."""

    before: str
    after: str
    """The page's text around the nonce."""
    files: Mapping[str, File]

    def page(self, nonce: str) -> str:
        """The page that hands ``nonce`` to its own scripts, for styles that they make."""
        return f"{self.before}{escape(nonce)}{self.after}"


class WebBuild:
    """The build in ``folder``, read again when another has taken its place."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._stamp = (0, 0)
        self._build: Build | None = None

    def now(self) -> Build | None:
        """None if there is none, or none that is whole."""
        stamp = self._found()
        if stamp != self._stamp:
            self._build = _read(self._folder) if any(stamp) else None
            self._stamp = stamp
        return self._build

    def _found(self) -> tuple[int, int]:
        try:
            state = (self._folder / _PAGE).stat()
        except OSError:
            return 0, 0
        return state.st_mtime_ns, state.st_size


def _read(folder: Path) -> Build | None:
    try:
        before, mark, after = (folder / _PAGE).read_text(encoding="utf-8").partition(_NONCE)
        files = dict(_files(folder))
    except (OSError, UnicodeDecodeError) as error:
        log.warning("the web application cannot be read: %s", type(error).__name__)
        return None
    if not mark or not after.startswith('"'):
        log.warning("the web application has no place for its nonce; build it anew")
        return None
    return Build(before + mark, after, files)


def _files(folder: Path) -> Iterator[tuple[str, File]]:
    for path in folder.rglob("*"):
        name = "/" + path.relative_to(folder).as_posix()
        is_hidden = "/." in name or path.suffix in _COMPRESSED or name == f"/{_PAGE}"
        if not is_hidden and path.is_file() and not path.is_symlink():
            content_type = _TYPES.get(path.suffix, "application/octet-stream")
            yield name, File(path, content_type, name.startswith(ASSETS))
