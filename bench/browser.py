"""Measure the web application: ``python bench/browser.py`` opens a very large session in Chromium.

The session is wide (a thousand steps below one) and deep (chains of sixty). Prints when its first
rows stand there, when all of it does, the longest task of the page while it loads, scrolls,
searches, folds, zooms and shows the other views, and what the page's heap holds. Needs the web
application to be built (``make setup``) and Chromium.
"""

import json
import os
import random
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from load import Load, Step, encode
from options import Options, typed
from playwright.sync_api import Browser, CDPSession, Page, expect, sync_playwright
from report import Cell, Figures, medians, report, verdict
from sender import Body, Target, send
from stack import Stack, running

SESSION = "large"
FIRST_ROWS_MS, LONGEST_TASK_MS, HEAP_MB = 1_000.0, 100.0, 300.0
_DEEP = 60
_PER_STEP = 12
_PER_REQUEST = 100
_REST_MS = 1_500
_WATCH = """
window.longTasks = [];
new PerformanceObserver((list) => {
  for (const task of list.getEntries()) window.longTasks.push(task.duration);
}).observe({ type: "longtask", buffered: true });
"""


def session(spans: int, name: str) -> Iterator[Body]:
    """One trace: chains of sixty steps below its root, and at each step calls as in sessions."""
    load = Load(base_ns=time.time_ns() - 3600 * 10**9, seed=23)
    rng = random.Random(23)
    trace, root = load.session()[0]
    steps = [root]
    above = root
    while len(steps) < spans:
        _, step = load.session()[0]
        step.parent, above = above.span_id, step
        inner = [one for _ in range(_PER_STEP) for _, one in load.session()[1:]]
        for one in inner:
            one.parent = step.span_id
            one.failed = rng.random() < 0.01
        steps += [step, *inner]
        if (len(steps) // (1 + len(inner))) % _DEEP == 0:
            above = root
    return _bodies(steps[:spans], trace, name)


def _bodies(steps: Sequence[Step], trace: bytes, name: str) -> Iterator[Body]:
    for step in steps:
        step.attributes["session.id"] = name
    for begin in range(0, len(steps), _PER_REQUEST):
        some = [(trace, step) for step in steps[begin : begin + _PER_REQUEST]]
        yield encode(some), len(some)


def signed_in(browser: Browser, stack: Stack) -> Page:
    page = browser.new_page(viewport={"width": 1440, "height": 900})
    page.add_init_script(_WATCH)
    page.goto(f"{stack.endpoints['control_url']}/sign-in")
    page.get_by_label("E-mail address").fill(stack.endpoints["admin_email"])
    page.locator("input[name=password]").fill(stack.endpoints["admin_password"])
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(lambda url: "sign-in" not in url)
    return page


def looked_at(browser: Browser, stack: Stack, spans: int) -> dict[str, float]:
    """The figures of one visit."""
    page = signed_in(browser, stack)
    devtools = page.context.new_cdp_session(page)
    address = f"{stack.endpoints['control_url']}/projects/{stack.endpoints['project_id']}/sessions"
    begun = time.perf_counter()
    page.goto(f"{address}/{SESSION}")
    rows = page.get_by_role("treegrid").get_by_role("row")
    expect(rows.nth(20)).to_be_visible(timeout=60_000)
    first = time.perf_counter() - begun
    starting = _longest(page)
    whole = f'[role=treegrid][aria-rowcount="{spans + 1}"]'
    page.wait_for_selector(whole, timeout=120_000)
    found = {"first rows ms": 1e3 * first, "all rows ms": 1e3 * (time.perf_counter() - begun)}
    found |= {"starting: longest task ms": starting, "loading: longest task ms": _longest(page)}
    for name, act in _DEEDS.items():
        act(page)
        page.wait_for_timeout(_REST_MS)
        found[f"{name}: longest task ms"] = _longest(page)
    found["heap at the end MB"] = _heap_mb(devtools)
    page.close()
    return found


def _longest(page: Page) -> float:
    """Of the long tasks since the last look; those below 50 ms are none."""
    return float(page.evaluate("Math.max(0, ...window.longTasks.splice(0))"))


def _heap_mb(devtools: CDPSession) -> float:
    """Of objects and of what their arrays of numbers point to, without garbage."""
    devtools.send("HeapProfiler.collectGarbage")
    usage = devtools.send("Runtime.getHeapUsage")
    return float(usage["usedSize"] + usage["backingStorageSize"]) / 1e6


def _scroll(page: Page) -> None:
    page.mouse.move(500, 500)
    for _ in range(40):
        page.mouse.wheel(0, 4_000)
        page.wait_for_timeout(16)
    page.get_by_role("treegrid").evaluate("grid => { grid.scrollTop = grid.scrollHeight / 2 }")


def _keys(page: Page) -> None:
    page.get_by_role("treegrid").focus()
    page.keyboard.press("End")
    for _ in range(30):
        page.keyboard.press("ArrowUp")


def _search(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("weather", delay=30)
    page.keyboard.press("Enter")
    page.keyboard.press("Escape")


def _fold(page: Page) -> None:
    page.keyboard.press("f")
    page.wait_for_timeout(300)
    page.keyboard.press("f")


def _zoom(page: Page) -> None:
    for key in "z---0":
        page.keyboard.press(key)


def _filter(page: Page) -> None:
    button = page.get_by_role("button", name="Errors", exact=True)
    button.click()
    page.wait_for_timeout(300)
    button.click()


def _view(name: str) -> Callable[[Page], None]:
    def show(page: Page) -> None:
        page.get_by_role("radiogroup", name="View").get_by_text(name, exact=True).click()

    return show


_DEEDS: Mapping[str, Callable[[Page], None]] = {
    "scrolling": _scroll,
    "keys": _keys,
    "searching": _search,
    "folding": _fold,
    "zooming": _zoom,
    "errors only": _filter,
    "graph": _view("Graph"),
    "summary": _view("Summary"),
    "tree again": _view("Tree"),
}


def run(port_base: int, spans: int, visits: int, folder: Path | None) -> list[dict[str, float]]:
    with running(port_base, folder=folder) as stack:
        if not _is_there(stack, spans):
            send(Target.of(stack), session(spans, SESSION), 2)
            stack.wait_for(spans)
        with sync_playwright() as playwright:
            path = os.environ.get("HH_CHROMIUM") or shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
            found = [looked_at(browser, stack, spans) for _ in range(visits)]
            browser.close()
        return found


def _is_there(stack: Stack, spans: int) -> bool:
    try:
        told = stack.ask("data_url", f"/v1/sessions/{SESSION}/outline?limit=1")
    except RuntimeError:
        return False
    return int(told["count"]) == spans


def tables(runs: Sequence[Mapping[str, float]], spans: int) -> list[Figures]:
    bars = {"first rows ms": FIRST_ROWS_MS, "heap at the end MB": HEAP_MB}
    rows: list[Sequence[Cell]] = []
    for name, value in medians(runs).items():
        bar = LONGEST_TASK_MS if name.endswith("longest task ms") else bars.get(name)
        rows.append((name, value, bar, None if bar is None else verdict(value, bar)))
    title = f"A session of {spans:,} spans in the browser"
    return [Figures(title, ("figure", "value", "bar", "verdict"), rows)]


def main() -> None:
    parser = Options(__doc__)
    parser.add_argument("--spans", type=int, default=100_000, help="of the session")
    parser.add_argument("--data-dir", type=Path, help="of a platform that is kept")
    chosen = parser.parse_args()
    runs = run(chosen.port_base, chosen.spans, chosen.runs, chosen.data_dir)
    report("browser", typed(), tables(runs, chosen.spans), keep=chosen.keep)
    if chosen.json:
        chosen.json.write_text(json.dumps(medians(runs), indent=2))


if __name__ == "__main__":
    main()
