"""Figures are drawn if their data were run, show the right words and values, and have the same bytes every time."""

from __future__ import annotations

import errno
import multiprocessing
import os
import pickle
import re
import resource
import signal
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import matplotlib
import numpy as np
import pytest
from hand_made import Maker, demo

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.report import figures
from pipeline.report.figures import (
    Drawing,
    best_of_many,
    chosen,
    hypotheses,
    overview,
    skeleton,
    style,
)

OF_BODIES = ["hgn_open_body", "hgn_coarse_graphs", "hgn_fits"]  # in test_body_figures.py
OF_DETECTION = ["detection_overview"]  # in test_detection_figures.py
OF_DETECTION += [drawing.name for paper in ("mdn_offset", "mixture_dense") for drawing in chosen.by_key(demo())[paper]]
DRAWN = [drawing.name for drawing in chosen.every(demo()) if drawing.name not in OF_BODIES]
OVERVIEW = overview.OVERVIEWS[0]


def words(path: Path) -> set[str]:
    """The texts of a figure: matplotlib writes each as a comment beside its glyphs."""
    return {text.strip() for text in re.findall(r"<!--(.*?)-->", path.read_text(encoding="utf-8"), flags=re.DOTALL)}


def draw(maker: Maker, folder: Path, drawing: Drawing) -> set[str]:
    with style.applied():
        figure = drawing.draw(maker.evidence)
    style.write(figure, folder, drawing.name)
    return words(folder / f"{drawing.name}.svg")


def test_every_figure_is_there_as_png_and_svg(reported: Maker) -> None:
    files = {path.name: path.read_bytes() for path in reported.run.layout.figures.iterdir()}
    assert sorted(files) == sorted(f"{name}.{kind}" for name in DRAWN for kind in ("png", "svg"))
    assert all(content.startswith(b"\x89PNG") for name, content in files.items() if name.endswith("png"))
    assert all(b"<svg" in content for name, content in files.items() if name.endswith("svg"))
    assert not any(b"dc:date" in content or b"Matplotlib v" in content for content in files.values())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("overview", {"P1: MPJPE, mm", "197.9", "72.5", "58.1 ± 0.7", "GraphMDN (Wide), collapsed"}),
        ("graphmdn_figure2", {"Azimuth 60° (the camera's view)", "Input", "hypotheses", "mean 91, best 45 mm"}),
        (
            "overview",
            {"SemGCN (SH)", "GraphMDN (SH)", "SemGCN, one-cycle", "its best hypothesis (an oracle knows which)"},
        ),
        (
            "graphmdn_hypotheses",
            {"GraphMDN", "GraphMDN (Wide) (not run)", "as published", "200", "number of hypotheses"},
        ),
        ("semgcn_figure4", {"SemGCN", "without SemGConv", "ResGCN (not run)", "Test error (MPJPE, mm)"}),
        ("semgcn_figure5", {"successes", "failures", "Walking, 20 mm", "Photo, 180 mm"}),
        ("semgcn_figure7", {"block 1, layer 1", "block 4, layer 2", "Thorax", "what it takes from"}),
        ("semgcn_figure8", {"above 0.4", "below 0.3", "LWrist", "with nothing learned", "lowest, highest seed"}),
        (
            "hgn_figure3",
            {"P1 by joint, mm", "P1 by action, mm", "Neck/Nose", "Photo", "overall", "+3.2", "HGN, overall"},
        ),
        ("hgn_figure4", {"Walking", "HGN 45 mm, SemGCN 60 mm", "from the side", "truth", "hidden by the body"}),
        ("hgn_figure5", {"Photo, 45 mm", "input", "the camera's view"}),
    ],
)
def test_the_words_on_a_figure(reported: Maker, name: str, expected: set[str]) -> None:
    assert expected <= words(reported.run.layout.figures / f"{name}.svg")


def test_a_figure_without_data_is_left_out_with_the_reason(make: Callable[..., Maker], tmp_path: Path) -> None:
    maker = make()
    reasons = figures.draw_all(maker.evidence, chosen.every(demo()), tmp_path / "figures")
    assert list(reasons) == [drawing.name for drawing in chosen.every(demo())]
    assert None not in reasons.values()
    assert {name: reason for name, reason in reasons.items() if name not in OF_DETECTION} == {
        "overview": "no variant was run",
        "graphmdn_figure2": "graphmdn was not run",
        "graphmdn_hypotheses": "none of Table 3's models was run",
        "semgcn_figure4": "none of SemGCN's four networks was run",
        "semgcn_figure5": "semgcn_pixels was not run (left out by the preset), nor semgcn_pixels_fixed",
        "semgcn_figure7": "semgcn was not run",
        "semgcn_figure8": "semgcn was not run",
        "hgn_figure3": "semgcn_17 was not run",
        "hgn_figure4": "hgn was not run",
        "hgn_figure5": "hgn was not run",
        "hgn_open_body": "build_body was not run",
        "hgn_coarse_graphs": "build_body was not run",
        "hgn_fits": "fit_body was not run",
    }
    assert not (tmp_path / "figures").exists()


def test_a_users_own_settings_change_nothing(make: Callable[..., Maker], tmp_path: Path) -> None:
    maker = make()
    maker.point("semgcn", 50.0)
    draw(maker, tmp_path / "one", OVERVIEW)
    with matplotlib.rc_context({"font.size": 30, "axes.grid": True, "svg.hashsalt": None, "savefig.dpi": 50}):
        draw(maker, tmp_path / "other", OVERVIEW)
    for kind in ("png", "svg"):
        one, other = ((tmp_path / folder / f"overview.{kind}").read_bytes() for folder in ("one", "other"))
        assert one == other


def test_bars_of_the_paper_say_which_semgcn_they_are(make: Callable[..., Maker], tmp_path: Path) -> None:
    maker = make()
    maker.point("semgcn", 50.0)
    maker.point("semgcn_one_cycle", 60.0)
    assert {"SemGCN", "SemGCN, one-cycle", "50.0", "60.0", "37.5", "45.0"} <= draw(maker, tmp_path / "f", OVERVIEW)


def test_bars_are_grouped_by_paper_with_a_gap_between(make: Callable[..., Maker]) -> None:
    """The last line of a paper says how many of its variants were not run."""
    maker = make()
    run = maker.run
    ran = [variant for number, variant in enumerate(run.lifting_variants) if number % 3 or number < 2]
    for variant in ran:
        maker.any_kind(variant, 50.0)
    places = overview._places(run, maker.evidence.results)
    lines = [name for name in places if name not in run.lifting_variants]
    assert set(places) == {*ran, *lines}
    left_out = len(run.lifting_variants) - len(ran)
    assert sum(int(line[1:].partition(" of ")[0]) for line in lines) == left_out
    order = sorted(places, key=places.__getitem__)
    papers = [run.variant(name).paper if name in ran else name.split()[2].lower() for name in order]
    changes = [index for index in range(1, len(papers)) if papers[index] != papers[index - 1]]
    assert len(changes) == len(set(papers)) - 1
    steps = np.diff(sorted(places.values()))
    assert np.flatnonzero(steps > 1.001).tolist() == [index - 1 for index in changes]


def test_a_network_that_gives_no_pose_has_no_bar_and_counts_as_run(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.point("semgcn", 50.0)
    maker.point("pixels_detector", 60.0)
    path = maker.run.layout.metrics("pixels_detector")
    content = artifacts.read_json(path)
    content["seeds"][0]["predictions"] = {"point": {}}
    artifacts.write_json(path, content)
    places = overview._places(maker.run, maker.evidence.results)
    lines = [name for name in places if name not in maker.run.lifting_variants]
    assert set(places) == {"semgcn", *lines}
    assert sum(int(line[1:].partition(" of ")[0]) for line in lines) == len(maker.run.lifting_variants) - 2


def test_the_best_of_many_by_hand(make: Callable[..., Maker]) -> None:
    """The made auto-encoder's best of 5 is 10 % below its mean, the best of 200 30 %. Table 3's values are dashed."""
    maker = make()
    maker.samples("variational_autoencoder_sh", 80.0)
    figure = best_of_many.draw(maker.evidence)
    p1, p2 = figure.axes
    solid = [line for line in p1.lines if line.get_linestyle() == "-" and len(line.get_xdata())]
    assert [(list(line.get_xdata()), list(line.get_ydata())) for line in solid] == [([5, 200], [72.0, 56.0])]
    dashed = [list(line.get_ydata()) for line in p1.lines if line.get_linestyle() == "--" and len(line.get_xdata())]
    assert dashed == [[52.7, 52.6], [55.4, 46.8], [50.9], [51.9, 46.2]]
    dashed = [list(line.get_ydata()) for line in p2.lines if line.get_linestyle() == "--" and len(line.get_xdata())]
    assert dashed == [[42.6], [32.7], [40.1], [40.5, 36.3]]


def test_seen_from_the_camera_a_pose_is_its_own_x_and_y() -> None:
    """After a quarter turn, its x is the depth."""
    pose = np.array([[0.3, -0.5, 2.0]])
    assert skeleton.seen_from(pose, skeleton.CAMERA_AZIMUTH) == pytest.approx(np.array([[0.3, 0.5]]))
    assert skeleton.seen_from(pose, skeleton.CAMERA_AZIMUTH + 90) == pytest.approx(np.array([[2.0, 0.5]]))


def test_left_and_right_have_their_colours() -> None:
    names = {joint: skeleton.HUMAN36M_16.names[joint] for joint in range(16)}
    sides = {name: skeleton.side_color(joint) for joint, name in names.items()}
    assert {sides[name] for name in sides if name.startswith("L")} == {style.VERMILION}
    assert {sides[name] for name in sides if name.startswith("R")} == {style.BLUE}
    assert sides["Head"] == sides["Hip"] == style.GREY


def test_opacity_is_the_weight_relative_to_the_likeliest(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.mixture("graphmdn", 50.0)
    maker.examples("graphmdn")  # weights 0.4, 0.3, 0.2, 0.1, 0: the last is not drawn
    figure = hypotheses.draw(maker.evidence)
    row = figure.axes[:10]
    opacities = [line.get_alpha() for line in row[3].lines]
    assert sorted(set(opacities)) == pytest.approx([0.25, 0.5, 0.75, 1.0])
    assert len(opacities) == 4 * 15
    assert {line.get_alpha() for line in row[2].lines} == {1.0}


def test_missing_examples_are_one_line(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.mixture("graphmdn", 50.0)
    artifacts.write_arrays(maker.run.layout.evaluation("graphmdn"), {})
    with pytest.raises(InputError, match=r"graphmdn\.npz: example_keypoints_2d: missing; run evaluate_lifting"):
        hypotheses.draw(maker.evidence)


def sleeps_in_a_worker(pid_file: Path) -> None:
    pid_file.write_text(str(os.getpid()))
    time.sleep(60)


def test_the_processes_that_draw_end_with_a_killed_report(tmp_path: Path) -> None:
    """Nobody else ends them, and they would hold the report's memory and files."""
    parent = os.fork()
    if not parent:
        with ProcessPoolExecutor(2, multiprocessing.get_context("fork"), figures.end_with_parent) as pool:
            for number in range(2):
                pool.submit(sleeps_in_a_worker, tmp_path / str(number))
        os._exit(0)
    files = [tmp_path / str(number) for number in range(2)]
    until(lambda: all(file.exists() and file.read_text() for file in files))
    os.kill(parent, signal.SIGKILL)
    os.waitpid(parent, 0)
    until(lambda: not any(Path("/proc", file.read_text()).exists() for file in files))


def until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


def test_a_full_disk_is_told_to_another_process_with_the_file(tmp_path: Path) -> None:
    """Figures are drawn by processes of their own, and an error comes back without the place where it was raised."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100, limits[1]))
    try:
        with pytest.raises(OSError) as raised:
            style.write(matplotlib.figure.Figure(), tmp_path, "empty")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    told = pickle.loads(pickle.dumps(raised.value))
    assert (told.errno, told.filename) == (errno.EFBIG, str(tmp_path / "empty.png"))
    assert list(tmp_path.iterdir()) == []
