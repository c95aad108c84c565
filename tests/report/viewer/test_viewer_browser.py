"""The viewer in a real browser: it turns, switches, projects like a camera, and falls back to a still picture."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import made_scenes
import numpy as np
import pytest

from pipeline.report import viewer

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium: apt-get install chromium"),
]
SOFTWARE = ["--no-sandbox", "--enable-unsafe-swiftshader"]  # WebGL on a machine without a graphics card
WITHOUT_WEBGL = ["--no-sandbox", "--disable-gpu", "--disable-webgl", "--disable-webgl2", "--disable-3d-apis"]

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> str:
    path: Path = tmp_path_factory.mktemp("viewer") / "page.html"
    path.write_text(viewer.page(made_scenes.groups(), "Poses"), encoding="utf-8")
    return path.as_uri()


@pytest.fixture(scope="module")
def driver() -> Iterator[Any]:
    with sync_api.sync_playwright() as found:
        yield found


@pytest.fixture(scope="module")
def browser(driver: Any) -> Iterator[Any]:
    found = driver.chromium.launch(executable_path=CHROMIUM, args=SOFTWARE)
    yield found
    found.close()


@pytest.fixture
def opened(browser: Any, address: str) -> Iterator[Open]:
    """Opens the page in a fresh context. At the end there were no errors and no requests but the page itself."""
    problems: list[str] = []
    contexts = []

    def open_page(**settings: Any) -> Any:
        context = browser.new_context(**{"viewport": {"width": 720, "height": 560}} | settings)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("request", lambda request: problems.append(request.url) if request.url != address else None)
        page.goto(address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert problems == []


DRAWN = "(() => { const v = document.getElementById('viewer').viewer; v.draw(); return v.canvas.toDataURL(); })()"


def pixels(page: Any) -> str:
    """The canvas's picture, as it is drawn now."""
    return page.evaluate(DRAWN)


def projected(page: Any) -> np.ndarray:
    """Where the browser sees the joints of all hypotheses, [K, J, 2] px of the canvas."""
    return np.array(page.evaluate("document.getElementById('viewer').viewer.projected()"))


def test_keys_turn_the_pose(opened: Open) -> None:
    page = opened()
    page.focus("canvas")
    picture, places = pixels(page), projected(page)
    for key in ("ArrowLeft", "ArrowRight", "ArrowUp", "ArrowDown", "+", "-"):
        page.keyboard.press(key)
        assert pixels(page) != picture, key
        assert np.abs(projected(page) - places).max() > 3, key
        page.keyboard.press("0")
        assert projected(page) == pytest.approx(places, abs=1e-6), key


def test_a_drag_turns_and_a_turn_around_the_vertical_keeps_heights(opened: Open) -> None:
    page = opened()
    before = projected(page)
    box = page.locator("canvas").bounding_box()
    page.mouse.move(box["x"] + 200, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 200, steps=4)
    page.mouse.up()
    after = projected(page)
    assert np.abs(after[..., 0] - before[..., 0]).max() > 20
    assert np.abs(after[..., 1] - before[..., 1]).max() < 25  # nothing but perspective


def test_the_truth_can_be_switched_off_and_on(opened: Open) -> None:
    page = opened()
    shown = pixels(page)
    button = page.get_by_role("button", name="Truth")
    button.click()
    assert button.get_attribute("aria-pressed") == "false"
    assert pixels(page) != shown
    page.focus("canvas")
    page.keyboard.press("t")
    assert button.get_attribute("aria-pressed") == "true"


def test_the_cameras_view_is_the_cameras_picture(opened: Open) -> None:
    """Up to scale and shift joints lie where Lens.project puts them, and so the hypotheses lie on each other."""
    page = opened()
    turned = projected(page)
    page.get_by_role("button", name="Camera’s view").click()
    found = projected(page)
    scene = made_scenes.scene()
    expected = scene.lens.project(scene.hypotheses) / scene.lens.focal_length  # type: ignore[union-attr]
    scale = np.ptp(found[..., 1]) / np.ptp(expected[..., 1])
    moved = found - scale * expected
    assert np.ptp(moved.reshape(-1, 2), axis=0) == pytest.approx([0, 0], abs=0.75)  # px: millimetres are rounded
    assert np.ptp(found[:, 1:], axis=0).max() < 1.5 < 10 < np.ptp(turned[:, 1:], axis=0).max()


def test_the_2d_input_can_be_shown_in_the_cameras_view_alone(opened: Open) -> None:
    page = opened()
    button = page.get_by_role("button", name="2D input")
    assert button.is_disabled()
    page.get_by_role("button", name="Camera’s view").click()
    assert button.is_enabled()
    with_rings = pixels(page)
    button.click()
    assert pixels(page) != with_rings


def test_spread_names_meshes_and_single_hypotheses_are_drawn(opened: Open) -> None:
    page = opened()
    seen = [pixels(page)]
    steps: list[Callable[[], Any]] = [
        lambda: page.get_by_role("button", name="Spread").click(),
        lambda: page.get_by_label("Mesh").select_option("two nodes"),
        lambda: page.get_by_role("button", name="Show hypothesis 3 alone").click(),
    ]
    for step in steps:
        step()
        seen.append(pixels(page))
    assert len(set(seen)) == len(seen)
    page.get_by_role("button", name="Names").click()
    assert page.locator(".viewer-names span").all_inner_texts()[:3] == ["Hip", "RHip", "RKnee"]
    assert page.locator(".viewer-widest").inner_text().startswith("Largest spread between hypotheses: ")
    assert page.locator("tbody tr").nth(0).inner_text().split() == ["1", "50", "%", f"{first_error():.0f}", "mm"]


def first_error() -> float:
    scene = made_scenes.scene()
    return float(np.linalg.norm(scene.hypotheses[0] - scene.truth, axis=-1).mean())


def test_the_slider_shows_the_next_pose_and_its_error(opened: Open) -> None:
    page = opened()
    assert page.locator(".viewer-still").is_hidden()
    label = page.locator(".viewer-label")
    assert label.inner_text() == "Pose 0: 40 mm, pose 1 of 4"
    page.get_by_label("Pose", exact=True).focus()
    page.keyboard.press("End")
    assert label.inner_text() == "Pose 3: 70 mm, pose 4 of 4"
    page.get_by_role("button", name="Pose before").click()
    assert label.inner_text() == "Pose 2: 60 mm, pose 3 of 4"
    assert "Pose 2: 60 mm" in page.locator("canvas").get_attribute("aria-label")


def test_a_take_can_be_played_and_has_no_errors_to_show(opened: Open) -> None:
    page = opened()
    page.locator(".viewer-group").select_option("A take")
    assert page.locator(".viewer-bars").is_hidden()
    assert page.get_by_role("button", name="Truth").is_disabled()
    page.get_by_role("button", name="Play").click()
    shown: set[str] = set()
    for wait in range(400):  # at uneven times: a regular look could meet the same pose every time
        shown.add(page.locator(".viewer-label").inner_text().partition("pose ")[2])
        if "3 of 3" in shown:
            break
        page.wait_for_timeout(30 + 7 * (wait % 5))
    assert "3 of 3" in shown
    page.get_by_role("button", name="Pause").click()


def test_it_fits_a_phone_and_follows_the_dark_scheme(opened: Open) -> None:
    light, dark = (opened(viewport={"width": 390, "height": 844}, color_scheme=scheme) for scheme in ("light", "dark"))
    for page in (light, dark):
        assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert pixels(light) != pixels(dark)


def test_without_javascript_there_is_a_still_picture(opened: Open) -> None:
    page = opened(java_script_enabled=False)
    assert page.locator(".viewer-still svg").is_visible()
    assert page.get_by_role("button").count() == 0
    assert "allow JavaScript" in page.locator("figcaption").inner_text()


def test_without_webgl_there_is_a_still_picture(driver: Any, address: str) -> None:
    """In a browser of its own: it has WebGL or not from its start."""
    problems: list[str] = []
    browser = driver.chromium.launch(executable_path=CHROMIUM, args=WITHOUT_WEBGL)
    page = browser.new_page()
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto(address)
    assert page.locator(".viewer-still svg").is_visible()
    assert page.locator("canvas").is_hidden()
    assert "no WebGL" in page.locator("figcaption").inner_text()
    browser.close()
    assert problems == []
