"""Write ``docs/images/explorer/``: every page of the explorer, wide and narrow, light and dark;
in its folder ``states`` what pages look like when there is nothing, not yet, or far too much.

``HH_DATA_DIR=DIR python docs/screenshots.py`` over a running platform with its demo's traffic
(``make run``), to which it adds two projects: take a new folder for each time. Words after it are
the names of those pictures that shall be taken, all without any. Needs Debian's Chromium.
"""

import base64
import json
import os
import sys
from pathlib import Path
from typing import Literal

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from embedded import Embedded  # noqa: E402
from explorer import PHONE, WIDE, Visitor, chromium, signed_in, visit  # noqa: E402
from explorer.pages import FORGIVEN, SIGNED_OUT, pages  # noqa: E402
from explorer.state import State, shown  # noqa: E402
from explorer.states import unusual_states  # noqa: E402

TARGET = ROOT / "docs" / "images" / "explorer"
STATES = TARGET / "states"
LARGEST = 60_000
LARGEST_OF_STATES = 38_000
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_QUALITIES = (80, 60, 40, 20)


def main(*wanted: str) -> None:
    folder = Path(os.environ.get("HH_DATA_DIR", ".hh"))
    endpoints = json.loads((folder / "endpoints.json").read_text())
    running = Embedded(folder, int(endpoints["control_url"].rpartition(":")[2]), endpoints)
    STATES.mkdir(parents=True, exist_ok=True)
    unusual = unusual_states(running, running)
    with chromium() as browser:
        for scheme in SCHEMES:
            for size, width in (("wide", WIDE), ("phone", PHONE)):
                for session in ("", signed_in(running)):
                    look = {"viewport": width, "color_scheme": scheme}
                    with visit(browser, running, session=session, **look) as visitor:
                        suffix = f"{size}-{scheme}"
                        _take_pages(visitor, suffix, wanted, is_inside=bool(session))
                        if session:
                            _take_states(visitor, suffix, wanted, unusual)


def _take_pages(visitor: Visitor, suffix: str, wanted: tuple[str, ...], *, is_inside: bool) -> None:
    for name, opened in pages(visitor.running).items():
        if (name not in SIGNED_OUT) == is_inside and (not wanted or name in wanted):
            opened(visitor)
            if name in FORGIVEN:
                visitor.forgive(FORGIVEN[name])
            (TARGET / f"{name}-{suffix}.webp").write_bytes(_picture(visitor, LARGEST))


def _take_states(
    visitor: Visitor, suffix: str, wanted: tuple[str, ...], unusual: dict[str, State]
) -> None:
    for name, state in unusual.items():
        has_room = suffix.startswith("wide") or not state.is_wide
        if has_room and (not wanted or name in wanted):
            with shown(visitor, state):
                picture = _picture(visitor, LARGEST_OF_STATES)
                (STATES / f"{name}-{suffix}.webp").write_bytes(picture)


def _picture(visitor: Visitor, largest: int) -> bytes:
    """As WebP, which Chromium writes itself, as good as fits."""
    chrome = visitor.page.context.new_cdp_session(visitor.page)
    for quality in _QUALITIES:
        taken = chrome.send("Page.captureScreenshot", {"format": "webp", "quality": quality})
        picture = base64.b64decode(taken["data"])
        if len(picture) <= largest:
            break
    return picture


if __name__ == "__main__":
    main(*sys.argv[1:])
