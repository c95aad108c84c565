"""report.viewer.still: the picture that is shown without WebGL or JavaScript."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree

import made_scenes
import numpy as np
import pytest

from pipeline.report.viewer import Scene, still


def lines(group: ElementTree.Element) -> np.ndarray:
    return np.array([[float(line.get(end, "nan")) for end in ("x1", "y1", "x2", "y2")] for line in group])


def test_both_views_show_all_hypotheses_by_weight_and_the_truth() -> None:
    root = ElementTree.fromstring(still.picture(made_scenes.scene()))
    bones = [group for group in root.iter("g") if group.get("class") is None]
    opacities = [float(group.get("opacity", "nan")) for group in bones]
    expected = [0.06, 0.14, 0.3, 0.5, 1.0]  # shares of the largest weight, the likeliest last
    assert opacities == pytest.approx(2 * expected, abs=0.006)
    assert len([group for group in root.iter("g") if group.get("class") == "still-truth"]) == 2
    assert all(len(group) == 15 for group in root.iter("g"))


def test_an_upright_person_stands_upright() -> None:
    """The camera looks down by 12 degrees; in the picture the person is the upright template."""
    scene = made_scenes.scene()
    truth = still.seen(scene, 0.0)[-1]
    flat = made_scenes.TEMPLATE_POSE * [900, -900]
    assert truth == pytest.approx(flat - flat[0], abs=1e-9)


def test_the_second_view_is_turned_around_the_vertical() -> None:
    scene = made_scenes.scene()
    front, turned = (still.seen(scene, turn)[-1] for turn in (0.0, np.pi / 2))
    assert turned[:, 1] == pytest.approx(front[:, 1])
    depth = scene.truth @ (made_scenes.TILTED @ [0.0, 0.0, 1.0])
    assert turned[:, 0] == pytest.approx(depth)


def test_it_says_in_words_what_it_shows() -> None:
    picture = still.picture(made_scenes.scene())
    assert (
        "5 estimated poses, as opaque as they are likely; the true pose in one colour; the error is 40 mm." in picture
    )
    alone = still.picture(Scene("<take>", np.random.default_rng(0).normal(0, 300, (1, 17, 3)), np.ones(1)))
    assert "One estimated pose." in alone and "still-truth" not in alone
    assert '<title id="still-title">&lt;take&gt;</title>' in alone
