"""What a visitor does to a page before it is looked at."""

from playwright.sync_api import Page, expect

from explorer.longest import RTL, WORD
from explorer.state import Act


def press(name: str) -> Act:
    return lambda page: page.get_by_role("button", name=name, exact=True).click()


def above_rows(act: Act) -> Act:
    """Once the list beneath has its rows."""

    def acted(page: Page) -> None:
        expect(page.get_by_role("gridcell").first).to_be_visible()
        act(page)

    return acted


def open_tab(name: str) -> Act:
    return lambda page: page.get_by_role("tab", name=name, exact=True).click()


def type_filter(text: str) -> Act:
    return above_rows(
        lambda page: page.get_by_role("combobox", name="Filter", exact=True).press_sequentially(
            text
        )
    )


def save_views(page: Page) -> None:
    for name in (WORD[:80], RTL[:80], "Slow calls"):
        dialog = page.get_by_role("dialog", name="Views")
        if not dialog.is_visible():
            page.get_by_role("button", name="Views", exact=True).click()
        dialog.get_by_label("Name of the view").last.fill(name)
        dialog.get_by_role("button", name="Save").last.click()


def select_rows(page: Page) -> None:
    ticks = page.get_by_role("grid").get_by_role("checkbox")
    expect(ticks.nth(2)).to_be_visible()
    ticks.nth(1).click()
    ticks.nth(2).click()


def open_navigation(page: Page) -> None:
    expect(page.get_by_role("heading").first).to_be_visible()
    burger = page.get_by_role("button", name="Open the navigation")
    if burger.is_visible():
        burger.click()


def open_switcher(page: Page) -> None:
    open_navigation(page)
    page.get_by_role("button", name="Choose a project").click()


def open_account(page: Page) -> None:
    open_navigation(page)
    page.get_by_role("button", name="Account").click()


def correct(page: Page) -> None:
    page.get_by_role("button", name="Correct the output").click()
    page.get_by_role("textbox", name="Correct the output").scroll_into_view_if_needed()
