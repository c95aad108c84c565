"""HGN's Figures 3 to 5 show the values of the files, of the same poses for both networks."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hand_made import Maker
from matplotlib.figure import Figure

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.geometry.skeleton import HUMAN36M_17
from pipeline.report.actions import HUMAN36M
from pipeline.report.evidence import NotRunError
from pipeline.report.figures import gains, overlays, skeleton, style


@pytest.fixture
def both(make: Callable[..., Maker]) -> Callable[..., Maker]:
    """`both()` or `both(actions)`: a maker with HGN and its baseline, whose depth errors are 45 and 60 mm."""

    def made(actions: list[str] | None = None) -> Maker:
        maker = make(actions) if actions else make()
        maker.point("semgcn_17", 51.0, 53.0)
        maker.point("hgn", 47.0, 48.0)
        maker.overlays("semgcn_17", 60.0)
        maker.overlays("hgn", 45.0)
        return maker

    return made


def drawn(maker: Maker, draw: Callable[..., Figure]) -> Figure:
    return draw(maker.evidence)


def test_bars_by_joint_and_by_action_by_hand(both: Callable[..., Maker]) -> None:
    """Means over two seeds are 52 and 47.5. Joints have 1.1 times that; the actions have -2, 0 and +2 mm of it."""
    left, right = drawn(both(), gains.draw).axes
    semgcn, hgn = (bars.patches for bars in right.containers if hasattr(bars, "patches"))
    assert [bar.get_height() for bar in semgcn] == pytest.approx([50.0, 52.0, 54.0, 52.0])
    assert [bar.get_height() for bar in hgn] == pytest.approx([45.5, 47.5, 49.5, 47.5])
    assert [label.get_text() for label in left.get_xticklabels()] == [*HUMAN36M_17.names[1:], "overall"]
    assert {text.get_text() for text in right.texts} == {"+4.5"}
    dashed = [line.get_ydata()[0] for line in right.lines if line.get_linestyle() == "--"]
    assert dashed == pytest.approx([52.0, 47.5])


def test_a_joint_that_loses_has_a_minus(make: Callable[..., Maker]) -> None:
    maker = make()
    maker.point("semgcn_17", 47.0)
    maker.point("hgn", 50.0)
    _, right = drawn(maker, gains.draw).axes
    assert {text.get_text() for text in right.texts} == {"-3.0"}


@pytest.mark.parametrize("draw", [gains.draw, overlays.draw_comparison])
def test_without_the_baseline_nothing_is_compared(make: Callable[..., Maker], draw: Callable[..., Figure]) -> None:
    maker = make()
    maker.point("hgn", 50.0)
    maker.overlays("hgn", 45.0)
    with pytest.raises(NotRunError, match="semgcn_17 was not run"):
        drawn(maker, draw)
    assert drawn(maker, overlays.draw_examples)


def test_the_papers_actions_where_the_data_have_them(both: Callable[..., Maker]) -> None:
    maker = both(list(HUMAN36M))
    found = overlays.read(maker.evidence, "hgn")
    assert overlays.self_occluded(found) == ["SittingDown", "Photo", "Sitting"]


def test_otherwise_the_poses_with_the_most_hidden_joints(both: Callable[..., Maker]) -> None:
    """The made poses hide one joint in the first action, two in the second, ..."""
    maker = both(["Walk", "Run", "Jump", "Bend"])
    found = overlays.read(maker.evidence, "hgn")
    assert overlays.self_occluded(found) == ["Bend", "Jump", "Run"]


def test_truth_and_both_networks_are_drawn_over_each_other(both: Callable[..., Maker]) -> None:
    """All errors are in depth: from the camera the poses coincide, from the side they are 45 and 60 mm apart."""
    figure = drawn(both(), overlays.draw_comparison)
    _, front, side = figure.axes[:3]
    for axes, apart in ((front, (0.0, 0.0)), (side, (0.06, 0.045))):
        bones = {
            color: np.array([line.get_xydata() for line in axes.lines if line.get_color() == color])
            for color in (overlays.TRUTH_COLOR, overlays.BASELINE_COLOR, overlays.OURS_COLOR)
        }
        truth, baseline, ours = bones.values()
        assert truth.shape == (16, 2, 2)
        assert np.abs(baseline - truth).max() == pytest.approx(apart[0], abs=1e-6)
        assert np.abs(ours - truth).max() == pytest.approx(apart[1], abs=1e-6)
    assert front.get_title() == "HGN 45 mm, SemGCN 60 mm"


def test_other_rows_of_the_test_set_are_refused(both: Callable[..., Maker]) -> None:
    maker = both()
    maker.overlays("semgcn_17", 60.0, row=6)
    with pytest.raises(InputError, match=r"semgcn_17\.npz: overlay_row: not the poses of hgn; run evaluate_lifting"):
        drawn(maker, overlays.draw_comparison)


def test_missing_overlays_are_one_line(both: Callable[..., Maker]) -> None:
    maker = both()
    artifacts.write_arrays(maker.run.layout.evaluation("hgn"), {})
    with pytest.raises(InputError, match=r"hgn\.npz: overlay_action: missing; run evaluate_lifting for hgn again"):
        drawn(maker, overlays.draw_examples)


@pytest.mark.parametrize(("count", "shown"), [(3, 3), (7, 7), (8, 8), (15, 8)])
def test_examples_are_spread_over_the_actions(both: Callable[..., Maker], count: int, shown: int) -> None:
    maker = both(list(HUMAN36M)[:count])
    figure = drawn(maker, overlays.draw_examples)
    titles = [axes.get_title() for axes in figure.axes if axes.get_title()]
    assert len(titles) == shown
    assert titles[0].startswith("Directions, 45 mm")
    assert titles[-1].startswith(list(HUMAN36M)[count - 1])


def test_the_number_of_joints_determines_the_skeleton() -> None:
    figure = Figure()
    for joints, bones in ((16, 15), (17, 16)):
        axes = figure.add_subplot()
        skeleton.draw(axes, np.zeros((joints, 2)))
        assert len(axes.lines) == bones
    one_color = figure.add_subplot()
    skeleton.draw(one_color, np.zeros((17, 2)), color=style.GREEN)
    assert {line.get_color() for line in one_color.lines} == {style.GREEN}
