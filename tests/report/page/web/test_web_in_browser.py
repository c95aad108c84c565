"""The page in a browser: nothing is loaded, tables sort and filter by keyboard, and it fits phone, night and paper."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import Any

import pytest
from conftest import Written

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed (extra `test`)")
CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine: apt-get install chromium"),
]
DESKTOP, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
TABLE = 'table[data-name="GraphMDN, Table 1"]'


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with sync_api.sync_playwright() as playwright:
        # Without WebGL: tests/report/viewer/ turns the poses, and here their still picture is enough.
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-3d-apis"])
        yield browser
        browser.close()


class Opened:
    """The page in a window of its own, with what it said and asked for."""

    def __init__(self, browser: Any, written: Written, **options: Any) -> None:
        self.context = browser.new_context(viewport=options.pop("viewport", DESKTOP), **options)
        self.tab = self.context.new_page()
        self.said: list[str] = []
        self.asked: list[str] = []
        self.tab.on("console", lambda message: self.said.append(message.text))
        self.tab.on("pageerror", lambda error: self.said.append(str(error)))
        self.tab.on("request", lambda request: self.asked.append(request.url))
        self.address = written.file.as_uri()
        self.tab.goto(self.address, wait_until="domcontentloaded")

    def unfold(self) -> None:
        self.tab.evaluate("document.querySelectorAll('details').forEach(one => { one.open = true })")

    def column(self, number: int, table: str = TABLE) -> list[str]:
        """The cells of a column, of the rows that are shown."""
        script = "(rows, n) => rows.filter(r => !r.hidden).map(r => r.cells[n].textContent.trim())"
        return self.tab.eval_on_selector_all(f"{table} tbody tr", script, number)


@pytest.fixture(scope="module")
def opened(browser: Any, written: Written) -> Opened:
    """One page for most tests, because it takes a while to open. Each leaves its tables as they were."""
    return Opened(browser, written)


def test_it_opens_without_a_message_or_a_request(opened: Opened) -> None:
    assert opened.said == []
    assert [address for address in opened.asked if not address.startswith(("data:", "blob:"))] == [opened.address]


def test_nothing_else_can_be_loaded_or_run(opened: Opened) -> None:
    fetched = "fetch('https://example.org').then(() => 'loaded', () => 'refused')"
    assert opened.tab.evaluate(fetched) == "refused"
    script = "Object.assign(document.createElement('script'), {textContent: 'ran = 1'})"
    opened.tab.evaluate(f"document.body.append({script})")
    assert opened.tab.evaluate("typeof ran") == "undefined"


def test_it_is_readable_without_javascript(browser: Any, written: Written) -> None:
    page = Opened(browser, written, java_script_enabled=False)
    assert page.tab.locator(f"{TABLE} tbody tr").count() > 10
    assert page.tab.locator(f"{TABLE} button, .tools").count() == 0
    page.tab.locator(f"{TABLE} td.here a").first.click()
    assert page.tab.locator("article:target").count() == 1
    page.context.close()


def numbers(cells: list[str]) -> list[float]:
    """What the cells begin with; those without a number are left out."""
    return [float(cell.split()[0]) for cell in cells if cell[:1].isdigit()]


def test_a_table_is_sorted_with_the_keyboard(opened: Opened) -> None:
    before = opened.column(0)
    head = opened.tab.locator(f"{TABLE} th[data-column='1']")
    for order, reverse in (("ascending", False), ("descending", True)):
        head.locator("button").focus()
        opened.tab.keyboard.press("Enter")
        assert head.get_attribute("aria-sort") == order
        found = opened.column(1)
        measured = [cell[:1].isdigit() for cell in found]
        assert numbers(found) == sorted(numbers(found), reverse=reverse) and len(numbers(found)) > 3
        assert measured == sorted(measured, reverse=True)  # what was not run comes last either way
    opened.tab.keyboard.press("Enter")
    assert head.get_attribute("aria-sort") is None and opened.column(0) == before


def test_a_table_is_filtered_with_the_keyboard(opened: Opened) -> None:
    every = opened.column(0)
    bar = opened.tab.locator(".tools", has=opened.tab.get_by_label("Filter GraphMDN, Table 1", exact=True))
    bar.get_by_role("searchbox").focus()
    opened.tab.keyboard.type("oracle wide")
    assert opened.column(0) == [label for label in every if "Oracle" in label and "Wide" in label] != []
    assert bar.locator("output").inner_text() == f"{len(opened.column(0))} of {len(every)} shown"
    bar.get_by_role("searchbox").fill("")
    opened.tab.keyboard.press("Tab")
    opened.tab.keyboard.press("Space")
    shown = opened.column(1)
    assert 0 < len(shown) < len(every) and "not run" not in shown
    opened.tab.keyboard.press("Space")
    assert opened.column(0) == every


def test_claims_are_filtered_by_state_also_those_that_are_folded_away(opened: Opened) -> None:
    claims = opened.tab.locator("[data-claims][data-name='GraphMDN']")
    bar = opened.tab.locator(".tools", has=opened.tab.get_by_label("Filter claims of GraphMDN"))
    bar.get_by_role("combobox").select_option("not run")
    states = claims.locator(".claim:visible").evaluate_all("all => all.map(one => one.dataset.state)")
    assert len(states) > 3 and set(states) == {"not run"}
    bar.get_by_role("combobox").select_option("all")
    assert claims.locator(".claim:not([hidden])").count() == claims.locator(".claim").count()


def test_a_number_leads_to_its_variant(opened: Opened) -> None:
    link = opened.tab.locator(f"{TABLE} tr", has_text="GraphMDN (Mean)").locator("td.here a").first
    link.focus()
    opened.tab.keyboard.press("Enter")
    card = opened.tab.locator("article:target")
    assert card.get_attribute("id") == "v-graphmdn" and card.locator("svg.chart").count() == 2
    sync_api.expect(card).to_be_in_viewport(timeout=20_000)


@pytest.mark.parametrize("size", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_page_is_as_wide_as_the_window(opened: Opened, size: dict[str, int]) -> None:
    opened.tab.set_viewport_size(size)
    opened.unfold()
    assert opened.tab.evaluate("document.documentElement.scrollWidth") == size["width"]
    opened.tab.set_viewport_size(DESKTOP)


CONTRASTS = """
() => {
  const rgb = (text) => (text.match(/[\\d.]+/g) ?? []).map(Number);
  const light = ([r, g, b]) => {
    const linear = (v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    const [x, y, z] = [r, g, b].map((v) => linear(v / 255));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const colour = rgb(getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return rgb(getComputedStyle(document.documentElement).backgroundColor);
  };
  const found = {};
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const one = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || one.closest("script, style, noscript, .viewer, title, desc")) continue;
    const style = getComputedStyle(one);
    const colour = one.closest("svg") ? style.fill : style.color;
    const [a, b] = [light(rgb(colour)), light(ground(one))].sort((x, y) => y - x);
    found[`${one.tagName}.${one.className.baseVal ?? one.className} ${colour}`] = (a + 0.05) / (b + 0.05);
  }
  return found;
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_a_contrast_of_at_least_4_5(opened: Opened, scheme: str) -> None:
    opened.tab.emulate_media(color_scheme=scheme)
    opened.unfold()
    found = opened.tab.evaluate(CONTRASTS)
    assert len(found) > 30
    assert {name: round(contrast, 2) for name, contrast in found.items() if contrast < 4.5} == {}
    dark = opened.tab.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 23, 28)"
    assert dark == (scheme == "dark")


def test_it_jumps_whether_or_not_motion_is_welcome(opened: Opened) -> None:
    """A smooth scroll over a page of thirty screens can be cut off by what loads on the way."""
    for motion in ("no-preference", "reduce"):
        opened.tab.emulate_media(reduced_motion=motion)
        assert opened.tab.evaluate("getComputedStyle(document.documentElement).scrollBehavior") == "auto"


def test_on_paper_nothing_is_folded_and_no_control_is_left(opened: Opened) -> None:
    opened.tab.evaluate("document.querySelectorAll('details').forEach(one => { one.open = false })")
    opened.tab.emulate_media(media="print")
    opened.tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert opened.tab.locator(".contents:visible, .tools:visible").count() == 0
    assert opened.tab.locator("details:not([open])").count() == 0
    assert opened.tab.locator(".claim li").first.is_visible()
    opened.tab.evaluate("dispatchEvent(new Event('afterprint'))")
    assert opened.tab.locator("details[open]").count() == 0
    opened.tab.emulate_media(media="screen")
