"""Figures that show downloaded images stay out of the repository."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from repository import ROOT, run_tool

from pipeline import config
from pipeline.report import figures
from pipeline.report.evidence import Evidence
from pipeline.report.figures import Drawing
from pipeline.report.figures.chosen import every
from pipeline.report.metrics import DetectionResults, Results


def drawing(shows_images: bool) -> Drawing:
    return Drawing("a_figure", "Title", "Caption", lambda evidence: plt.figure(figsize=(1, 1)), shows_images)


@pytest.mark.parametrize(
    ("preset", "shows_images", "place"),
    [
        ("demo", True, "a_figure.png"),
        ("coco_overfit", False, "a_figure.png"),
        ("coco_overfit", True, "with_images/a_figure.png"),
    ],
)
def test_where_a_figure_goes(preset: str, shows_images: bool, place: str, tmp_path: Path) -> None:
    evidence = Evidence(config.load(preset, ROOT), Results(preset, {}), DetectionResults(preset, {}))
    reason = figures.write(evidence, drawing(shows_images), tmp_path)
    assert [file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*.png")] == [place]
    assert (reason is None) == ("/" not in place)


@pytest.mark.parametrize("run", ["mini", "reference/mini"])
def test_git_ignores_them(run: str) -> None:
    answer = run_tool("git", "check-ignore", f"results/{run}/figures/with_images/mdn_offset_figure2.png", folder=ROOT)
    assert answer.returncode == 0


def test_both_figures_of_samples_are_marked() -> None:
    marked = {drawing.name for drawing in every(config.load("demo", ROOT)) if drawing.shows_images}
    assert marked == {"mdn_offset_figure2", "mixture_dense_figure5"}
