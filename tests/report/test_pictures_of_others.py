"""Figures that show downloaded pictures stay out of the repository."""

from __future__ import annotations

from pathlib import Path

import matplotlib.pyplot as plt
import pytest
from repository import ROOT, run_tool

from pipeline import config
from pipeline.report import figures
from pipeline.report.detection_metrics import DetectionResults
from pipeline.report.figures import DetectionDrawing


def drawing(shows_pictures: bool) -> DetectionDrawing:
    return DetectionDrawing(
        "a_figure", "Title", "Caption", lambda run, detection: plt.figure(figsize=(1, 1)), shows_pictures
    )


@pytest.mark.parametrize(
    ("preset", "shows_pictures", "place"),
    [("demo", True, "a_figure.png"), ("mini", False, "a_figure.png"), ("mini", True, "with_pictures/a_figure.png")],
)
def test_where_a_figure_goes(preset: str, shows_pictures: bool, place: str, tmp_path: Path) -> None:
    detection = DetectionResults(preset, {}, {})
    reason = figures.draw_detection(config.load(preset, ROOT), detection, drawing(shows_pictures), tmp_path)
    assert [file.relative_to(tmp_path).as_posix() for file in tmp_path.rglob("*.png")] == [place]
    assert (reason is None) == ("/" not in place)


@pytest.mark.parametrize("run", ["mini", "reference/mini"])
def test_git_ignores_them(run: str) -> None:
    answer = run_tool("git", "check-ignore", f"results/{run}/figures/with_pictures/mdn_offset_figure2.png", folder=ROOT)
    assert answer.returncode == 0


def test_both_figures_of_samples_are_marked() -> None:
    marked = {drawing.name for drawing in figures.DETECTION_DRAWINGS if drawing.shows_pictures}
    assert marked == {"mdn_offset_figure2", "mixture_dense_figure5"}
