"""Every page of the explorer by the rules of WCAG 2.2 AA that axe can judge, light and dark."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pytest
from embedded import Embedded
from explorer import PHONE, WIDE, Visitor, visit
from explorer.pages import FORGIVEN, SIGNED_OUT, pages
from explorer.state import State, shown
from explorer.states import unusual_states
from playwright.sync_api import Browser

Scheme = Literal["light", "dark"]
AXE = Path(__file__).parents[2] / "web/node_modules/axe-core/axe.min.js"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
SCHEMES: tuple[Scheme, ...] = ("light", "dark")
_STILL = "*, *::before, *::after { transition: none !important }"
"""Colours that fade into others are neither."""
_TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
_RUN = "(rules) => axe.run(document, { runOnly: { type: 'tag', values: rules } })"


@pytest.fixture(scope="module")
def unusual(running: Embedded, shop: Embedded) -> Mapping[str, State]:
    return unusual_states(running, shop)


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
            for name in opening.keys() - SIGNED_OUT if cookie else SIGNED_OUT:
                opening[name](visitor)
                found += _found(visitor, axe, name)
                if name in FORGIVEN:
                    visitor.forgive(FORGIVEN[name])

    assert not found, "\n".join(sorted(found))


@pytest.mark.timeout(600)
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing_where_there_is_nothing_not_yet_or_far_too_much(
    browser: Browser,
    shop: Embedded,
    unusual: Mapping[str, State],
    session_cookie: str,
    size: dict[str, int],
) -> None:
    axe, found = AXE.read_text(), []
    look = {"viewport": size, "bypass_csp": True}
    with visit(browser, shop, session=session_cookie, **look) as visitor:
        for name, state in unusual.items():
            if state.is_wide and size == PHONE:
                continue
            with shown(visitor, state):
                found += _found(visitor, axe, name, ["light" if size == WIDE else "dark"])
                if _scrolls_sideways(visitor):
                    found.append(f"{name}: the page scrolls sideways")

    assert not found, "\n".join(sorted(found))


def _found(visitor: Visitor, axe: str, name: str, schemes: Sequence[Scheme] = SCHEMES) -> list[str]:
    page, found = visitor.page, []
    page.evaluate(axe)
    page.add_style_tag(content=_STILL)
    for scheme in schemes:
        page.emulate_media(color_scheme=scheme)
        page.evaluate(_TWO_FRAMES)
        found += [f"{name}, {scheme}: {one}" for one in _violations(visitor)]
    return found


def _scrolls_sideways(visitor: Visitor) -> bool:
    return bool(visitor.page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def _violations(visitor: Visitor) -> Iterator[str]:
    for violation in visitor.page.evaluate(_RUN, RULES)["violations"]:
        for node in violation["nodes"]:
            yield f"{violation['id']} at {node['target']}: {_why(node)}"


def _why(node: dict[str, Any]) -> str:
    return "; ".join(check["message"] for check in [*node["any"], *node["all"], *node["none"]])
