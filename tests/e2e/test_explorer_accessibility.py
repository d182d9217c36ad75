"""Every page of the explorer by the rules of WCAG 2.2 AA that axe can judge, light and dark."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import pytest
from embedded import Embedded
from explorer import PHONE, WIDE, Visitor, visit
from explorer.pages import FORGIVEN, pages
from playwright.sync_api import Browser

AXE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
_STILL = "*, *::before, *::after { transition: none !important }"
"""Colours that fade into others are neither."""
_TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
_RUN = "(rules) => axe.run(document, { runOnly: { type: 'tag', values: rules } })"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing_on_any_page(
    browser: Browser, shop: Embedded, session_cookie: str, size: dict[str, int]
) -> None:
    axe, found = AXE.read_text(), []
    opening = dict(pages(shop))
    # axe is a script of this test, not of the page: the page's policy would keep it out.
    look = {"viewport": size, "bypass_csp": True}
    for cookie in ("", session_cookie):
        with visit(browser, shop, session=cookie, **look) as visitor:
            for name in opening.keys() - {"sign-in"} if cookie else {"sign-in"}:
                opening[name](visitor)
                visitor.page.evaluate(axe)
                visitor.page.add_style_tag(content=_STILL)
                for scheme in SCHEMES:
                    visitor.page.emulate_media(color_scheme=scheme)
                    visitor.page.evaluate(_TWO_FRAMES)
                    found += [f"{name}, {scheme}: {one}" for one in _violations(visitor)]
                if name in FORGIVEN:
                    visitor.forgive(FORGIVEN[name])

    assert not found, "\n".join(sorted(found))


def _violations(visitor: Visitor) -> Iterator[str]:
    for violation in visitor.page.evaluate(_RUN, RULES)["violations"]:
        for node in violation["nodes"]:
            yield f"{violation['id']} at {node['target']}: {_why(node)}"


def _why(node: dict[str, Any]) -> str:
    return "; ".join(check["message"] for check in [*node["any"], *node["all"], *node["none"]])
