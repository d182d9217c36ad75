"""Measure the lists of the web application: ``python bench/lists.py`` opens them in Chromium.

Over 1,000,000 spans of a platform that it fills, unless ``--data-dir`` holds them already. Each
figure is what a person waits, taken in the page: from the click or the key to the frame in which
rows of the answer stand on the screen. Needs the web application to be built (``make setup``) and
Chromium.
"""

import json
import os
import random
import shutil
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from browser import signed_in
from load import TOOLS
from options import Options, typed
from playwright.sync_api import Page, sync_playwright
from read import filled
from report import Cell, Figures, medians, report, verdict
from stack import Stack, running

BAR_MS = 300.0
_LISTS = {"sessions": "Sessions", "model calls": "Model calls", "all events": "All events"}
_WATCH = """([kind, title, words]) => {
  const before = location.href;
  const names = (row) => [...row.querySelectorAll("[aria-label]")].map((one) => one.ariaLabel);
  const shows = (row) => names(row).includes(words) || row.innerText.includes(words);
  const isShown = () => {
    const rows = [...document.querySelectorAll(
      `[role=grid][aria-label="${title}"] [role=row]:has(a)`
    )];
    const isOld = location.href === before || document.querySelector("[data-stale]");
    return !isOld && rows.length > 0 && rows.every(shows);
  };
  window.waited = new Promise((done) => {
    const begin = ({ timeStamp }) => {
      const look = () => requestAnimationFrame(() =>
        isShown() ? requestAnimationFrame(() => done(performance.now() - timeStamp)) : look()
      );
      look();
    };
    window.addEventListener(kind, begin, { capture: true, once: true });
  });
}"""
"""From the next event of a kind until another address has rows, of which each shows the words, and
those of the address before are gone."""


def opened(page: Page, name: str) -> float:
    """Milliseconds from the click on a list's name to its first rows, which nothing has fetched."""
    page.evaluate(_WATCH, ["click", _LISTS[name], ""])
    page.get_by_role("link", name=_LISTS[name], exact=True).click()
    return _waited(page)


def filtered(page: Page, title: str, written: str, words: str) -> float:
    """Milliseconds from Enter to the rows of another filter, each of which shows ``words``."""
    field = page.get_by_role("combobox", name="Filter", exact=True)
    field.fill(written)
    page.wait_for_timeout(500)
    page.evaluate(_WATCH, ["keydown", title, words])
    field.press("Enter")
    waited = _waited(page)
    page.get_by_role("button", name="Clear the filter").click()
    page.wait_for_timeout(1_000)
    return waited


def _waited(page: Page) -> float:
    return float(page.evaluate("window.waited"))


def looked_at(page: Page, home: str, choice: random.Random) -> dict[str, float]:
    """The figures of one visit."""
    found = {}
    for name in _LISTS:
        page.goto(f"{home}/start")
        page.get_by_role("link", name=_LISTS[name], exact=True).wait_for()
        page.wait_for_timeout(1_000)
        found[f"{name}: first rows ms"] = opened(page, name)
    title, tool = _LISTS["all events"], choice.choice(TOOLS)
    page.goto(f"{home}/events#?columns=event_name,metadata.tenant,start_time")
    page.locator("[role=grid] [role=row]:has(a)").first.wait_for()
    page.wait_for_timeout(1_000)
    tenant = f"t{choice.randrange(200):03d}"
    for name, written, words in (
        ("a type", "event_type = tool", "Tool call"),
        ("a name", f"event_name = tool.{tool}", f"tool.{tool}"),
        ("a nested key", f"metadata.tenant = {tenant}", tenant),
        ("two conditions", f"event_type = model duration > {choice.randrange(500)}", "Model call"),
    ):
        found[f"filter by {name} ms"] = filtered(page, title, written, words)
    return found


def run(stack: Stack, visits: int) -> list[dict[str, float]]:
    home = f"{stack.endpoints['control_url']}/projects/{stack.endpoints['project_id']}"
    choice = random.Random(time.time_ns())
    with sync_playwright() as playwright:
        path = os.environ.get("HH_CHROMIUM") or shutil.which("chromium")
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        page = signed_in(browser, stack)
        found = [looked_at(page, home, choice) for _ in range(visits)]
        browser.close()
    return found


def tables(figures: Mapping[str, float], rows: int) -> list[Figures]:
    cells: list[Sequence[Cell]] = [
        (name, value, BAR_MS, verdict(value, BAR_MS)) for name, value in figures.items()
    ]
    title = f"Lists of {rows:,} events in the browser"
    return [Figures(title, ("figure", "value", "bar", "verdict"), cells)]


def main() -> None:
    parser = Options(__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--data-dir", type=Path, help="fill this folder, or look at what it has")
    chosen = parser.parse_args()
    with running(chosen.port_base, folder=chosen.data_dir) as stack:
        if stack.readable() < chosen.rows:
            filled(stack, chosen.rows)
        figures = medians(run(stack, chosen.runs))
    report("lists", typed(), tables(figures, chosen.rows), keep=chosen.keep)
    if chosen.json:
        chosen.json.write_text(json.dumps(figures, indent=2))


if __name__ == "__main__":
    main()
