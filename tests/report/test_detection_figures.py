"""Figures of detection variants show what metrics, histories, speeds and examples hold, and say what was not run."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from detection_figure_maker import DetectionMaker
from detection_images import SIDE, objects, people
from detection_made import component, viewing
from hand_made import demo
from matplotlib.figure import Figure
from matplotlib.patches import Ellipse, Rectangle

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.detection.results import Component
from pipeline.geometry import coco_keypoints
from pipeline.report.evidence import NotRunError
from pipeline.report.figures import (
    Drawing,
    chosen,
    components,
    curves,
    overview,
    samples,
    scales,
    speed,
    style,
)

OF_PAPERS = chosen.by_key(demo())
EVERY = (overview.OVERVIEWS[1], *OF_PAPERS["mdn_offset"], *OF_PAPERS["mixture_dense"])


def of_scales(*median_and_share: tuple[float, float]) -> list[dict[str, Any]]:
    return [component(number, share, median) for number, (median, share) in enumerate(median_and_share)]


UNUSED = component(0, 0.0) | {"scale": None, "directions": None, "back_views": None}


@pytest.fixture
def maker(tmp_path: Path) -> DetectionMaker:
    return DetectionMaker(tmp_path)


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> DetectionMaker:
    """Enough variants that every figure has all its parts. To be read, not changed."""
    maker = DetectionMaker(tmp_path_factory.mktemp("detection"))
    maker.made("pose_l_base", 26.7, 27.9)
    maker.made("pose_l_mdn_1", 26.5)
    maker.made("pose_l_mdn_2", 30.3, 26.0, components=[viewing(55.0, 9.0), viewing(45.0, 96.0)])
    maker.made("pose_l_mdn_3", 34.1, components=[viewing(60.0, 8.0), viewing(39.6, 97.0), UNUSED])
    maker.made("pose_s_mdn_2", 24.0, components=[viewing(99.0, 35.0), UNUSED], collapsed=True)
    maker.made("boxes_l_base", 57.5)
    maker.made("boxes_l_mdn_2", 60.0, components=of_scales((70.0, 40.0), (22.0, 60.0)))
    maker.made("boxes_l_mdn_3", 63.3, components=of_scales((34.0, 40.0), (18.0, 25.0), (80.0, 35.0)))
    maker.made("boxes_l_mdn_5", 62.0, components=[*of_scales((60.0, 50.0), (15.0, 50.0)), UNUSED, UNUSED, UNUSED])
    maker.made("boxes_dla_base", 50.0)
    maker.made("boxes_dla_mdn_3", 54.0, components=of_scales((34.0, 40.0), (18.0, 25.0), (80.0, 35.0)))
    speeds = {"boxes_l_base": 20.0, "boxes_l_mdn_3": 18.0, "boxes_dla_base": 50.0, "boxes_dla_mdn_3": 44.0}
    for variant, plain in speeds.items():
        maker.timed(variant, plain)
    people(maker.run, "pose_l_mdn_3")
    objects(maker.run, "boxes_l_mdn_3")
    return maker


@pytest.fixture(scope="module")
def drawn(whole: DetectionMaker) -> Path:
    """The folder with every detection figure of a whole preset."""
    folder = whole.run.root / "figures"
    for drawing in EVERY:
        with style.applied():
            figure = drawing.draw(whole.evidence)
        style.write(figure, folder, drawing.name)
    return folder


def words(figure: Figure) -> set[str]:
    """Titles, tick labels and all other words of a figure, legends included."""
    return {text.get_text() for text in figure.findobj(lambda one: hasattr(one, "get_text")) if text.get_text()}


# --- all of them ------------------------------------------------------------------------------------------------------


def test_the_figures_that_there_are() -> None:
    assert [drawing.name for drawing in EVERY] == [
        *("detection_overview", "mdn_offset_figure2", "mdn_offset_components", "mixture_dense_figure2"),
        *("mixture_dense_figure3", "mixture_dense_figure4", "mixture_dense_figure5"),
    ]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("detection_overview", {"LargeHG, MDN_3", "34.1", "27.3 ± 0.8", "24.0, collapsed", "(23 of 28 not run)"}),
        ("mdn_offset_figure2", {"People: LargeHG, MDN_3", "component 2, weight 0.84", "truth"}),
        ("mdn_offset_components", {"SmallHG, MDN_2", "55", "seen from the back", "left parts", "component 3"}),
        ("mixture_dense_figure2", {"ground truth", "MDN_5", "C1", "unused", "35 %", "64"}),
        ("mixture_dense_figure3", {"HG, base", "DLA-34, MDN_3", "S5", "no flip", "AP, %"}),
        ("mixture_dense_figure4", {"Objects: validation AP, %", "HG, MDN_1", "DLA-34, base", "epoch"}),
        ("mixture_dense_figure5", {"(a) Objects: HG, MDN_3", "(b) People: LargeHG, MDN_3", "component 3", "0.84"}),
    ],
)
def test_the_words_on_a_figure(drawn: Path, name: str, expected: set[str]) -> None:
    svg = (drawn / f"{name}.svg").read_text(encoding="utf-8")
    found = {line.strip() for text in re.findall(r"<!--(.*?)-->", svg, flags=re.DOTALL) for line in text.split("\n")}
    assert expected <= found
    assert (drawn / f"{name}.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize("drawing", EVERY, ids=lambda drawing: drawing.name)
def test_a_figure_is_the_same_bytes_again(drawn: Path, whole: DetectionMaker, tmp_path: Path, drawing: Drawing) -> None:
    with style.applied():
        figure = drawing.draw(whole.evidence)
    style.write(figure, tmp_path, drawing.name)
    for kind in ("png", "svg"):
        assert (tmp_path / f"{drawing.name}.{kind}").read_bytes() == (drawn / f"{drawing.name}.{kind}").read_bytes()


@pytest.mark.parametrize(
    ("name", "reason"),
    {
        "detection_overview": "no detection variant was run",
        "mdn_offset_figure2": "pose_l_mdn_3_3x was not run (left out by the preset), nor pose_l_mdn_3 or pose_l_mdn_2",
        "mdn_offset_components": "no pose network with two components or more was run",
        "mixture_dense_figure2": "none of boxes_l_mdn_2, boxes_l_mdn_3 and boxes_l_mdn_5 was run",
        "mixture_dense_figure3": "none of boxes_l_base, boxes_l_mdn_3, boxes_dla_base, boxes_dla_mdn_3, "
        "boxes_dla_base_768, boxes_dla_mdn_3_768 was run, or none was timed",
        "mixture_dense_figure4": "none of boxes_l_base, boxes_l_mdn_3, boxes_dla_base, boxes_dla_mdn_3, pose_l_base, "
        "pose_l_mdn_1, pose_l_mdn_2, pose_l_mdn_3 was run",
        "mixture_dense_figure5": "boxes_l_mdn_3_3x was not run (left out by the preset), nor boxes_l_mdn_3 or "
        "boxes_l_mdn_2",
    }.items(),
)
def test_without_data_every_figure_has_its_reason(maker: DetectionMaker, name: str, reason: str) -> None:
    (drawing,) = (drawing for drawing in EVERY if drawing.name == name)
    with pytest.raises(NotRunError, match=f"^{re.escape(reason)}$"):
        drawing.draw(maker.evidence)


# --- samples ----------------------------------------------------------------------------------------------------------


def test_a_sample_has_its_skeleton_box_and_ellipse_in_the_components_colour(maker: DetectionMaker) -> None:
    """The person in the second image was found by the second component."""
    maker.made("pose_l_mdn_3", 30.0)
    people(maker.run, "pose_l_mdn_3", count=2)
    arrays = artifacts.read_arrays(maker.run.layout.detection_examples("pose_l_mdn_3"))
    axes = samples.draw_poses(maker.evidence).axes[1]
    color = style.component_color(1)
    bones = np.array([line.get_xydata() for line in axes.lines if line.get_color() == color])
    assert bones == pytest.approx(arrays["keypoints"][1][np.array(coco_keypoints.BONES)])
    (box,) = (patch for patch in axes.patches if isinstance(patch, Rectangle))
    assert box.get_bbox().extents == pytest.approx(arrays["boxes"][1])
    (ellipse,) = (patch for patch in axes.patches if isinstance(patch, Ellipse))
    assert ellipse.get_center() == pytest.approx(arrays["center"][1])
    assert axes.get_title(loc="left") == "component 2, weight 0.84"
    truth = np.array([line.get_xydata() for line in axes.lines if line.get_color() == "white"])
    assert truth == pytest.approx(arrays["truth_keypoints"][1, :, :2][np.array(coco_keypoints.BONES)])


@pytest.mark.parametrize(("variant", "factor"), [("pose_l_mdn_3", 1.138 / 17), ("pose_s_mdn_2_divided", 325.109 / 17)])
def test_an_ellipse_of_a_person_is_in_px_of_an_average_keypoint(
    maker: DetectionMaker, variant: str, factor: float
) -> None:
    """Sigmas of 10 and 15 cells are 40 and 60 px of the network's input, times the mean of COCO's factors."""
    people(maker.run, variant, count=1)
    (sample,) = samples.read(maker.run, variant)
    assert sample.found[0].deviation == pytest.approx(np.array([40.0, 60.0]) * factor, rel=1e-3)


def test_an_ellipse_shrinks_with_the_image(maker: DetectionMaker) -> None:
    """A cell is 4 px of the network's input, and 2 px of an image kept at half its size. Boxes have no factor."""
    objects(maker.run, "boxes_l_mdn_3", count=1)
    path = maker.run.layout.detection_examples("boxes_l_mdn_3")
    arrays = artifacts.read_arrays(path)
    artifacts.write_arrays(path, arrays | {"pixels": arrays["pixels"][:, : SIDE // 2, : SIDE // 2]})
    (sample,) = samples.read(maker.run, "boxes_l_mdn_3")
    assert [found.component for found in sample.found] == [0, 1, 2]
    assert sample.found[0].deviation == pytest.approx([0.8 * 2, 1.2 * 2])


def test_keypoints_that_nobody_annotated_are_not_drawn(maker: DetectionMaker) -> None:
    maker.made("pose_l_mdn_3", 30.0)
    people(maker.run, "pose_l_mdn_3", count=1)
    path = maker.run.layout.detection_examples("pose_l_mdn_3")
    arrays = artifacts.read_arrays(path)
    arrays["truth_keypoints"][0, :11, 2] = 0  # legs alone remain
    artifacts.write_arrays(path, arrays)
    (axes,) = samples.draw_poses(maker.evidence).axes
    assert sum(line.get_color() == "white" for line in axes.lines) == 5  # two legs of two bones, and the hips'


def test_an_image_on_which_nothing_was_found_says_so(maker: DetectionMaker) -> None:
    maker.made("boxes_l_mdn_3", 30.0)
    objects(maker.run, "boxes_l_mdn_3", count=2)
    path = maker.run.layout.detection_examples("boxes_l_mdn_3")
    arrays = artifacts.read_arrays(path)
    pixels = np.concatenate([arrays["pixels"], arrays["pixels"][:1]])
    artifacts.write_arrays(path, arrays | {"pixels": pixels})
    read = samples.read(maker.run, "boxes_l_mdn_3")
    assert [len(sample.found) for sample in read] == [3, 3, 0]
    figure = samples._sheet([("objects", read)])
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["", "", "nothing found"]


def test_the_network_of_the_longest_schedule_is_shown(maker: DetectionMaker) -> None:
    for variant in ("pose_l_mdn_2", "pose_l_mdn_3", "pose_l_mdn_3_3x"):
        maker.made(variant, 30.0)
        people(maker.run, variant, count=1)
        assert f"People: {maker.run.detection_variant(variant).title}" in words(samples.draw_poses(maker.evidence))


def test_missing_arrays_are_one_line(maker: DetectionMaker) -> None:
    maker.made("pose_l_mdn_3", 30.0)
    objects(maker.run, "pose_l_mdn_3")
    with pytest.raises(
        InputError, match=r"examples\.npz: keypoints: missing; run .*evaluate_detection` for pose_l_mdn_3"
    ):
        samples.draw_poses(maker.evidence)


# --- scales -----------------------------------------------------------------------------------------------------------


def test_components_stand_in_the_order_of_their_scales() -> None:
    made = [component(0, 20.0, 50.0), UNUSED, component(2, 80.0, 10.0)]
    bars = scales.bars([Component.model_validate(one) for one in made])
    assert [(bar.label, bar.share) for bar in bars] == [("C3", 80.0), ("C1", 20.0), ("C2", 0.0)]
    assert [bar.color for bar in bars] == [style.component_color(index) for index in (2, 0, 1)]


@pytest.mark.parametrize(
    ("made", "words"), [(component(0, 33.4), "33 %"), (component(0, 0.2), "< 1 %"), (UNUSED, "unused")]
)
def test_the_words_below_a_component_are_its_share(made: dict[str, Any], words: str) -> None:
    (bar,) = scales.bars([Component.model_validate(made)])
    assert scales._share(bar) == words


def test_boxes_are_the_quartiles_and_whiskers_the_outer_percentiles(maker: DetectionMaker) -> None:
    """The made ground truth has its median at 40 px, the component at 60."""
    maker.made("boxes_l_mdn_2", 50.0, components=of_scales((60.0, 100.0)))
    (axes,) = scales.draw(maker.evidence).axes
    boxes = [patch.get_path().get_extents().intervaly for patch in axes.patches]
    assert np.array(boxes) == pytest.approx(np.array([[28.0, 56.0], [42.0, 84.0]]))
    heights = {round(float(value), 6) for line in axes.lines for value in line.get_ydata()}
    assert {16.0, 80.0, 40.0, 24.0, 120.0, 60.0} <= heights
    assert axes.get_title(loc="left").endswith("(MDN_3, MDN_5 not run)")


# --- speed ------------------------------------------------------------------------------------------------------------


def test_points_of_speed_and_precision_by_hand(maker: DetectionMaker) -> None:
    """AP is the mean of two seeds; what was not timed has no point."""
    maker.made("boxes_l_base", 40.0, 60.0)
    maker.timed("boxes_l_base", 20.0, without="scales_3")
    points = speed.measured(maker.evidence.detection, "boxes_l_base")
    assert [(point.mode, point.speed) for point in points] == [("plain", 20.0), ("flip", 12.0), ("scales_5", 2.0)]
    assert [point.ap for point in points] == pytest.approx([50.0, 52.0, 54.0])
    figure = speed.draw(maker.evidence)
    assert len(figure.axes) == 1
    assert "HG, MDN_3 (not run)" in words(figure)


def test_training_at_768_px_has_a_panel_of_its_own(maker: DetectionMaker) -> None:
    for variant in ("boxes_dla_base", "boxes_dla_mdn_3_768"):
        maker.made(variant, 40.0)
        maker.timed(variant, 20.0)
    titles = [axes.get_title(loc="left") for axes in speed.draw(maker.evidence).axes]
    assert titles == ["(a) Architectures", "(b) Trained at 768 px on a tenth of the images"]


def test_the_names_of_points_stand_over_the_better_of_two_rivals(maker: DetectionMaker) -> None:
    for variant, ap in (("boxes_l_base", 50.0), ("boxes_l_mdn_3", 40.0)):
        maker.made(variant, ap)
        maker.timed(variant, 20.0)
    (axes,) = speed.draw(maker.evidence).axes
    sides = {(text.get_color(), text.get_va()) for text in axes.texts}
    assert sides == {(speed.BASE, "bottom"), (speed.MIXTURE, "top")}


def test_without_times_there_is_no_figure_of_speed(maker: DetectionMaker) -> None:
    maker.made("boxes_l_base", 50.0)
    with pytest.raises(NotRunError, match="or none was timed"):
        speed.draw(maker.evidence)


# --- curves -----------------------------------------------------------------------------------------------------------


def test_a_curve_is_the_mean_over_seeds_at_the_ends_of_epochs(maker: DetectionMaker) -> None:
    maker.made("pose_l_base", 20.0, 30.0)
    maker.history("pose_l_base", [10.0, 20.0], seed=0)
    maker.history("pose_l_base", [20.0, 30.0], seed=1)
    (axes,) = curves.draw_precisions(maker.evidence).axes
    line = axes.lines[0]
    assert (list(line.get_xdata()), list(line.get_ydata())) == ([1.0, 2.0], [15.0, 25.0])
    assert axes.collections[0].get_datalim(axes.transData).intervaly == pytest.approx([10.0, 30.0])
    assert "HG, MDN_3 (not run)" in words(axes.figure)


def test_the_last_and_highest_point_is_wholly_inside(maker: DetectionMaker) -> None:
    """Even where one epoch is all there is."""
    maker.made("boxes_l_base", 50.0)
    maker.history("boxes_l_base", [50.0])
    (axes,) = curves.draw_precisions(maker.evidence).axes
    assert axes.get_ylim() == pytest.approx((0.0, 54.0))


def test_a_history_without_precisions_is_one_line(maker: DetectionMaker) -> None:
    maker.made("boxes_l_base", 20.0)
    artifacts.write_text(maker.run.layout.history("boxes_l_base", 0), "epoch,step,loss\n1,1,1\n")
    with pytest.raises(
        InputError, match=r"history\.csv: no column 'val_ap'; run .* train_detection --variant boxes_l_base"
    ):
        curves.draw_precisions(maker.evidence)


# --- overview and components ------------------------------------------------------------------------------------------


def test_a_bar_is_the_plain_test_and_the_ring_the_better_one(maker: DetectionMaker) -> None:
    """`refined` of poses and `flip` of boxes are 2 better than `plain`."""
    maker.made("pose_l_mdn_2", 30.0, components=[viewing(100.0, 30.0), UNUSED], collapsed=True)
    maker.made("boxes_l_base", 50.0)
    upper, lower = overview.draw_detection(maker.evidence).axes
    for axes, value in ((upper, 30.0), (lower, 50.0)):
        assert axes.patches[0].get_width() == value
        assert axes.lines[0].get_xdata() == [value + 2]
    assert [text.get_text() for text in upper.texts] == ["30.0, collapsed"]
    assert [label.get_text() for label in lower.get_yticklabels()] == ["HG, L1", "(14 of 15 not run)"]


def test_components_by_share_back_views_and_sides(maker: DetectionMaker) -> None:
    maker.made("pose_l_mdn_2", 30.0, components=[viewing(60.0, 9.0), viewing(40.0, 96.0)])
    shares, back, sides = components.draw(maker.evidence).axes
    assert [(bar.get_x(), bar.get_width()) for bar in shares.patches] == [(0.0, 60.0), (60.0, 40.0)]
    assert [line.get_xdata()[0] for line in back.lines] == [9.0, 96.0]
    ways = [list(line.get_xdata()) for line in sides.lines if len(line.get_xdata()) == 2][1:]  # the first is at 50 %
    assert ways == [[91.0, 9.0], [4.0, 96.0]]


def test_a_component_that_predicts_next_to_nothing_has_no_dots(maker: DetectionMaker) -> None:
    maker.made("pose_l_mdn_2", 30.0, components=[viewing(99.5, 30.0), viewing(0.5, 96.0)])
    _, back, _ = components.draw(maker.evidence).axes
    assert [line.get_xdata()[0] for line in back.lines] == [30.0]


def test_without_known_views_their_panel_is_left_out(maker: DetectionMaker) -> None:
    """Photographs do not tell who is seen from the back."""
    parts = [viewing(60.0, 9.0) | {"back_views": None}, viewing(40.0, 96.0) | {"back_views": None}]
    maker.made("pose_l_mdn_2", 30.0, components=parts)
    assert len(components.draw(maker.evidence).axes) == 2


def test_every_component_has_a_colour_of_its_own() -> None:
    assert len({style.component_color(index) for index in range(10)}) == 10
    assert style.component_color(10) == style.component_color(0)


@pytest.mark.parametrize("draw", [scales.draw, components.draw])
def test_metrics_without_their_mixture_are_one_line(maker: DetectionMaker, draw: Callable[..., Figure]) -> None:
    for variant in ("pose_l_mdn_2", "boxes_l_mdn_2"):
        maker.made(variant, 30.0)
    with pytest.raises(InputError, match=r"l_mdn_2\.json: mixture: missing; run .*evaluate_detection"):
        draw(maker.evidence)
