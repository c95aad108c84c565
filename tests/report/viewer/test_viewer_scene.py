"""report.viewer.scene: packing to whole millimetres, spread, projection."""

from __future__ import annotations

import base64
from typing import Any

import made_scenes
import numpy as np
import pytest

from pipeline.report.viewer import Lens, Scene
from pipeline.report.viewer.scene import Packer, packed, spread, thickened


def unpacked(content: dict[str, Any], place: list[int]) -> np.ndarray:
    """The numbers at a place, read as the scripts read them: little-endian, 16 bits."""
    numbers = np.frombuffer(base64.b64decode(content["numbers"]), dtype="<i2")
    return numbers[place[0] : place[0] + place[1]].astype(float)


def test_poses_come_back_to_half_a_millimetre() -> None:
    groups = made_scenes.groups()
    content = packed(groups)
    for group, written in zip(groups, content["groups"], strict=True):
        for scene, entry in zip(group.scenes, written["scenes"], strict=True):
            found = unpacked(content, entry["hypotheses"]).reshape(scene.hypotheses.shape)
            assert np.abs(found - scene.hypotheses).max() <= 0.5
            if scene.truth is not None:
                assert np.abs(unpacked(content, entry["truth"]).reshape(-1, 3) - scene.truth).max() <= 0.5


def test_equal_arrays_are_stored_once() -> None:
    packer = Packer()
    first, second = packer.add(np.arange(6)), packer.add(np.arange(6) + 0.4)
    assert first == second == [0, 6]
    assert packer.add(np.arange(5)) == [6, 5]


@pytest.mark.parametrize("value", [np.nan, np.inf, 32768.0, -40_000.0])
def test_what_no_16_bits_hold_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="32767"):
        Packer().add(np.array([0.0, value]))


def test_weights_are_shares_and_errors_are_the_hypotheses_own() -> None:
    truth = np.zeros((16, 3))
    hypotheses = np.stack([np.tile([3.0, 4.0, 0.0], (16, 1)), np.tile([0.0, 0.0, 12.0], (16, 1))])
    scene = Scene("", hypotheses, np.array([3.0, 1.0]), truth)
    (entry,) = packed([made_scenes.Group("", [scene])])["groups"][0]["scenes"]
    assert entry["weights"] == [0.75, 0.25]
    assert entry["errors"] == [5.0, 12.0]


def test_spread_is_the_weighted_standard_deviation_along_its_own_axes() -> None:
    """Two hypotheses 2 d apart with weights w and 1 - w: the deviation is 2 d sqrt(w (1 - w)) along their line."""
    direction = np.array([2.0, -1.0, 2.0]) / 3
    hypotheses = np.stack([100 * direction, -100 * direction])[:, None]
    (ellipsoid,) = spread(hypotheses, np.array([0.8, 0.2]))
    lengths = np.linalg.norm(ellipsoid, axis=0)
    assert lengths == pytest.approx([200 * np.sqrt(0.16), 0, 0], abs=1e-4)
    assert abs(ellipsoid[:, 0] @ direction) == pytest.approx(80.0)


def test_a_flat_ellipsoid_is_drawn_with_a_least_width() -> None:
    turned, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    flat = turned * [50.0, 0.0, 30.0]
    (drawn,) = thickened(flat[None], 18.0)
    assert np.sort(np.linalg.svd(drawn)[1]) == pytest.approx([18.0, 30.0, 50.0])
    assert drawn[:, [0, 2]] == pytest.approx(flat[:, [0, 2]])


def test_a_lens_projects_as_a_pinhole() -> None:
    lens = Lens(np.array([100.0, 0.0, 2000.0]), np.array([1000.0, 1200.0]), np.array([500.0, 400.0]))
    assert lens.project(np.array([[0.0, 0.0, 0.0], [100.0, 200.0, 500.0]])) == pytest.approx(
        np.array([[550.0, 400.0], [580.0, 496.0]])
    )


def test_hypotheses_of_17_joints_have_their_own_skeleton() -> None:
    poses = np.zeros((1, 17, 3))
    content = packed([made_scenes.Group("", [Scene("", poses, np.ones(1))])])
    assert list(content["skeletons"]) == ["17"]
    skeleton = content["skeletons"]["17"]
    assert skeleton["names"][10] == "Head" and skeleton["sides"][13] == "left" and skeleton["parents"][0] == -1
    entry = content["groups"][0]["scenes"][0]
    assert entry["spread"] is None and entry["truth"] is None and entry["errors"] is None
