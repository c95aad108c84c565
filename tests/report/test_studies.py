"""Studies: their preset shows them and nothing of the papers, and their numbers are those of the histories."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hand_made import ACTIONS, Maker, demo
from known_code import code
from matplotlib.figure import Figure
from repository import ROOT

from pipeline import config
from pipeline.artifacts import InputError
from pipeline.config import modules, plan
from pipeline.report import build, papers
from pipeline.report.evidence import NotRunError
from pipeline.report.figures import chosen
from pipeline.report.render import Table, text
from pipeline.report.studies.batch_norm import figures, validations
from pipeline.report.studies.batch_norm.validations import GAP

STUDIES = [name for name in config.presets(ROOT) if demo(name).preset.study]
# By seed: the error with renewed statistics after each of four epochs, and what running ones add.
ERRORS = {0: [90.0, 80.0, 70.0, 75.0], 1: [92.0, 82.0, 72.0, 71.0], 2: [91.0, 81.0, 71.0, 70.0]}
GAPS = {0: [5.0, 20.0, 12.0, 1.0], 1: [6.0, 10.0, 8.0, 22.0], 2: [4.0, 30.0, -1.0, 7.0]}


@pytest.fixture
def maker(project: Path) -> Maker:
    """The study of batch norm with SemGCN alone."""
    made = Maker(project, list(ACTIONS), "batch_norm")
    made.point("semgcn", 75.0, 71.0, 70.0, epochs=4)
    for seed, errors in ERRORS.items():
        made.history("semgcn", [0.1] * 4, errors, seed, GAPS[seed])
    made.motion_summary()
    return made


def table(maker: Maker, name: str) -> Table:
    (found,) = (one for one in build.every(maker.evidence) if one.name == name)
    return found


def cells(shown: Table, row: int = 0) -> dict[str, str]:
    return {
        column.heading: text(cell, column) for column, cell in zip(shown.columns, shown.rows[row].cells, strict=True)
    }


# --- a study and its preset -------------------------------------------------------------------------------------------


def test_every_study_has_a_preset_and_every_presets_study_exists() -> None:
    assert sorted(demo(name).preset.study for name in STUDIES) == sorted(modules.STUDIES)
    for name in STUDIES:
        (study,) = papers.shown(demo(name))
        assert (study.key, study.claims) == (demo(name).preset.study, ())
        assert code().digests([modules.STUDIES[study.key]])


@pytest.mark.parametrize("name", STUDIES)
def test_a_studys_rows_are_variants_that_its_preset_trains(name: str) -> None:
    run = demo(name)
    (study,) = papers.shown(run)
    shown = {row.variant for table in study.tables for row in table.rows}
    assert all(run.why_left_out(variant) is None for variant in shown if variant)
    of_images = {variant for variant in run.detection_variants if run.why_left_out(variant) is None}
    # A preset has a lifting variant, also that of a study of images; a closed form takes a second.
    of_poses = {variant for variant in run.lifting_variants if run.why_left_out(variant) is None}
    assert shown == (of_images if of_images else of_poses)
    assert not of_images or of_poses == {"mean_pose"}


@pytest.mark.parametrize("name", ["demo", "mini", "paper"])
def test_no_other_preset_shows_a_study(name: str) -> None:
    assert papers.shown(demo(name)) == papers.PAPERS
    assert modules.figures(demo(name).preset.study) == modules.FIGURES


def test_the_results_of_a_study_depend_on_its_code_and_not_on_the_papers() -> None:
    jobs = {job.name: job for job in plan.jobs(demo("batch_norm"), code())}
    for name in ("tabulate", "report"):
        files = set(jobs[name].code)
        assert "pipeline/report/studies/batch_norm/tables.py" in files
        others = ("pipeline/report/papers/hgn/", "pipeline/report/studies/collapse.py")
        assert not any(file.startswith(others) for file in files)
    assert "pipeline/report/studies/batch_norm/figures.py" in jobs["report"].code
    of_demo = {job.name: job for job in plan.jobs(demo(), code())}["tabulate"].code
    assert "pipeline/report/studies/batch_norm/tables.py" not in of_demo


def test_a_misspelt_study_is_one_line(project: Path) -> None:
    file = project / "params" / "batch_norm.yaml"
    file.write_text(file.read_text().replace("study: batch_norm", "study: batchnorm"))
    with pytest.raises(InputError, match=r"study: expected 'batch_norm', .*; did you mean 'batch_norm'"):
        config.load("batch_norm", project)


def test_the_page_has_the_study_and_no_claims(maker: Maker) -> None:
    assert maker.call("tabulate") == 0
    assert maker.call("report") == 0
    page = maker.run.layout.report.read_text(encoding="utf-8")
    assert "## Running and renewed batch-norm statistics" in page
    assert "### What running statistics add to P1, by epoch" in page
    assert "![The gap by epoch](figures/batch_norm_gap.png)" in page
    assert "12,345 training and 6,789 test poses" in page and "for 4 epochs" in page
    assert "claims" not in page and "GraphMDN, Table 1" not in page and "Overview" not in page
    names = {path.stem for path in maker.run.layout.tables.glob("*.md")}
    assert names == {"batch_norm_gap", "batch_norm_gap_by_seed", "batch_norm_final", "batch_norm_best_epoch"}


# --- batch norm -------------------------------------------------------------------------------------------------------


def test_the_gap_of_every_epoch_is_that_of_the_histories(maker: Maker) -> None:
    shown = cells(table(maker, "batch_norm_gap"))
    for epoch in range(1, 5):
        gaps = [GAPS[seed][epoch - 1] for seed in GAPS]
        expected = f"{np.mean(gaps):.1f} / {min(gaps):.1f} / {max(gaps):.1f}"
        assert shown[f"Gap after epoch {epoch}: mean / min / max"] == expected
    assert (shown["Seeds"], shown["Epochs, here / stated"]) == ("3", "4 / 30")


def test_every_seed_has_a_row(maker: Maker) -> None:
    shown = table(maker, "batch_norm_gap_by_seed")
    for seed in GAPS:
        assert list(cells(shown, seed).values()) == [f"{gap:.1f}" for gap in GAPS[seed]]
        assert shown.rows[seed].label.endswith(f", seed {seed}")


def test_the_best_epoch_on_test_gains_what_the_errors_say(maker: Maker) -> None:
    shown = cells(table(maker, "batch_norm_best_epoch"))
    running = {seed: np.add(ERRORS[seed], GAPS[seed]) for seed in ERRORS}
    for heading, errors in (("Running", running), ("Renewed", ERRORS)):
        last, best = ([value(errors[seed]) for seed in errors] for value in (lambda row: row[-1], min))
        columns = [last, best, np.subtract(last, best)]
        expected = " / ".join(f"{np.mean(column):.1f} ± {np.std(column, ddof=1):.1f}" for column in columns)
        assert shown[f"{heading} statistics: last / best / gain, mm"] == expected
    epochs = [np.mean([1 + np.argmin(errors[seed]) for seed in errors]) for errors in (running, ERRORS)]
    assert shown["Best epoch, running / renewed"] == " / ".join(f"{epoch:.1f}" for epoch in epochs)


def test_the_final_numbers_are_those_of_the_metrics(maker: Maker) -> None:
    shown = cells(table(maker, "batch_norm_final"))
    assert (shown["P1, mm"], shown["P1, running, mm"]) == ("72.0 ± 2.6", "61.0 ± 1.0")


def test_a_variant_that_was_not_run_and_an_epoch_too_many_say_so(maker: Maker) -> None:
    assert set(cells(table(maker, "batch_norm_gap"), 1).values()) == {"not run"}
    for seed in ERRORS:
        maker.history("semgcn", [0.1] * 2, ERRORS[seed][:2], seed, GAPS[seed][:2])
    shown = cells(table(maker, "batch_norm_gap"))
    assert shown["Gap after epoch 2: mean / min / max"] == "20.0 / 10.0 / 30.0"
    assert shown["Gap after epoch 3: mean / min / max"] == "-"


def test_a_history_without_running_statistics_is_one_line(maker: Maker) -> None:
    path = maker.run.layout.history("semgcn", 1)
    path.write_text("epoch,step,learning_rate,loss,test_mpjpe,test_loss\n1.0,10,0.001,0.1,90.0,0.1\n")
    with pytest.raises(InputError, match=r"seed_1/history.csv: no column 'running_test_mpjpe'; train again: `python"):
        maker.evidence.by_seed(GAP("semgcn", "1"))


def lines(figure: Figure) -> list[list[np.ndarray]]:
    """The heights of the lines with a marker, panel by panel."""
    return [[line.get_ydata() for line in axes.lines if line.get_marker() == "o"] for axes in figure.axes]


def test_the_figure_has_a_panel_for_every_network_and_a_line_for_every_seed(maker: Maker) -> None:
    maker.point("resgcn", 80.0, epochs=4)
    maker.history("resgcn", [0.1] * 3, [90.0, 85.0, 80.0], 0, [1.0, 2.0, 3.0])
    drawn = figures.draw(maker.evidence)
    assert [axes.get_title("left") for axes in drawn.axes] == ["SemGCN, step", "ResGCN"]
    semgcn, resgcn = lines(drawn)
    np.testing.assert_allclose(semgcn, list(GAPS.values()))
    np.testing.assert_allclose(resgcn, [[1.0, 2.0, 3.0]])


def test_without_a_network_there_is_no_figure(project: Path) -> None:
    maker = Maker(project, list(ACTIONS), "batch_norm")
    with pytest.raises(NotRunError, match="none of semgcn, semgcn_frozen_biases, "):
        figures.draw(maker.evidence)
    assert [drawing.name for drawing in chosen.every(maker.run)] == ["batch_norm_gap"]
    assert set(figures.TITLES) == set(figures.NETWORKS) and validations.COLUMNS.keys() == {"running", "renewed"}
