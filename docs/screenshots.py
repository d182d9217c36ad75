"""Write ``docs/images/explorer/``: every page of the explorer, wide and narrow, light and dark.

``HH_DATA_DIR=DIR python docs/screenshots.py`` over a running platform with its demo's traffic
(``make run``). Needs Debian's Chromium.
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
from explorer.pages import FORGIVEN, pages  # noqa: E402

TARGET = ROOT / "docs" / "images" / "explorer"
LARGEST = 60_000
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_QUALITIES = (80, 60, 40, 20)


def main() -> None:
    folder = Path(os.environ.get("HH_DATA_DIR", ".hh"))
    endpoints = json.loads((folder / "endpoints.json").read_text())
    running = Embedded(folder, int(endpoints["control_url"].rpartition(":")[2]), endpoints)
    TARGET.mkdir(parents=True, exist_ok=True)
    with chromium() as browser:
        for scheme in SCHEMES:
            for size, width in (("wide", WIDE), ("phone", PHONE)):
                for session in ("", signed_in(running)):
                    look = {"viewport": width, "color_scheme": scheme}
                    with visit(browser, running, session=session, **look) as visitor:
                        _take_all(visitor, f"{size}-{scheme}", is_inside=bool(session))


def _take_all(visitor: Visitor, suffix: str, *, is_inside: bool) -> None:
    for name, opened in pages(visitor.running).items():
        if (name != "sign-in") == is_inside:
            opened(visitor)
            if name in FORGIVEN:
                visitor.forgive(FORGIVEN[name])
            (TARGET / f"{name}-{suffix}.webp").write_bytes(_picture(visitor))


def _picture(visitor: Visitor) -> bytes:
    """As WebP, which Chromium writes itself, as good as fits."""
    chrome = visitor.page.context.new_cdp_session(visitor.page)
    for quality in _QUALITIES:
        taken = chrome.send("Page.captureScreenshot", {"format": "webp", "quality": quality})
        picture = base64.b64decode(taken["data"])
        if len(picture) <= LARGEST:
            break
    return picture


if __name__ == "__main__":
    main()
