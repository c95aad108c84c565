"""What a person sees in MLflow, in a real browser: the addresses that `make ui` prints, a run's curve, a figure."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import finished_runs
import mlflow_server
import pytest

from pipeline import artifacts, config, tracking
from pipeline.layout import Layout
from pipeline.stages import publish

pytest.importorskip("mlflow")
playwright = pytest.importorskip("playwright.sync_api")
CHROMIUM = Path("/usr/bin/chromium")
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not CHROMIUM.exists(), reason="needs Debian's chromium")]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository that has published two papers."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        root = finished_runs.make(tmp_path_factory.mktemp("page") / "repository")
        publish.run(config.load("demo", root))
        return root


@pytest.fixture(scope="module")
def server(repository: Path) -> Iterator[str]:
    with mlflow_server.started(repository) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(browser: Any) -> Iterator[Any]:
    """A page of a browser that was never here. Machines under load need their time."""
    context = browser.new_context(viewport={"width": 1600, "height": 1000})
    context.set_default_timeout(60_000)
    yield context.new_page()
    context.close()


def receipt(repository: Path) -> dict[str, Any]:
    found: dict[str, Any] = artifacts.read_json(Layout("demo", repository).publish_receipt)
    return found


def test_the_printed_address_shows_the_runs_with_their_columns(page: Any, server: str, repository: Path) -> None:
    number = {line["experiment"]: line["id"] for line in receipt(repository)["experiments"]}["graphmdn"]
    page.goto(tracking.page(server, number, "demo"))
    page.get_by_role("link", name="graphmdn (demo)", exact=True).wait_for()
    text = page.inner_text("body")
    for words in ("GraphMDN, measured with preset", "test/P1", "sd/P1", "paper/P1", "difference/P1", "60.5", "38.7"):
        assert words in text, words
    # Seeds are folded away below their variant, and the other paper is elsewhere.
    assert "seed 0 of graphmdn" not in text and "semgcn (demo)" not in text


def test_the_list_has_an_experiment_for_each_paper(page: Any, server: str) -> None:
    page.goto(f"{server}/#/experiments?workflowType=machine_learning")
    for name in ("semgcn", "graphmdn"):
        page.get_by_role("link", name=name, exact=True).wait_for()


def test_a_run_shows_its_curve(page: Any, server: str, repository: Path) -> None:
    (run, *_) = [line for line in receipt(repository)["runs"] if line["variant"] == "semgcn"]
    number = {line["experiment"]: line["id"] for line in receipt(repository)["experiments"]}["semgcn"]
    page.goto(f"{server}/#/experiments/{number}/runs/{run['run_id']}/model-metrics?workflowType=machine_learning")
    page.get_by_placeholder("Search metric charts").fill("train/loss")
    line = page.locator(".scatterlayer path.js-line").first
    line.wait_for(state="attached")
    assert len(re.findall("[ML,]", line.get_attribute("d"))) > 5  # a curve of many points


def test_results_show_their_figure(page: Any, server: str, repository: Path) -> None:
    (run,) = [line for line in receipt(repository)["results"] if line["experiment"] == "semgcn"]
    number = {line["experiment"]: line["id"] for line in receipt(repository)["experiments"]}["semgcn"]
    page.goto(f"{server}/#/experiments/{number}/runs/{run['run_id']}/model-metrics?workflowType=machine_learning")
    page.get_by_text("semgcn_figure_7").first.wait_for()
    page.wait_for_function(
        "() => [...document.images].some(({naturalWidth: w, naturalHeight: h}) => w && w * 3 === h * 4)"
    )
