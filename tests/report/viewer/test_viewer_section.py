"""report.viewer.poses, .images and .section: what a finished run shows, and what it says of files it cannot read."""

from __future__ import annotations

import re
from collections.abc import Callable

import detection_images
import detection_made
import numpy as np
import pytest
from hand_made import Maker

from pipeline import artifacts
from pipeline.config import Run
from pipeline.geometry.skeleton import HUMAN36M_17
from pipeline.report import viewer
from pipeline.report.viewer import images, poses


@pytest.fixture
def made(make: Callable[..., Maker]) -> Maker:
    """A run of GraphMDN, HGN and a network on images."""
    maker = make()
    maker.mixture("graphmdn", 57.6)
    maker.examples("graphmdn")
    maker.point("hgn", 47.5)
    maker.overlays("hgn", 45.0)
    detection_made.run(maker, images.samples.POSES[0], 40.0, mixture=None)
    detection_images.people(maker.run, images.samples.POSES[0])
    return maker


def test_a_mixture_shows_its_hypotheses_and_a_point_its_successes_and_failures(made: Maker) -> None:
    groups, problems = poses.groups(made.run)
    assert problems == []
    assert [group.title for group in groups] == [
        "GraphMDN (graphmdn): hypotheses",
        "HGN (hgn): pose, successes and failures",
    ]
    hypotheses, chosen = groups
    assert [scene.hypotheses.shape for scene in hypotheses.scenes] == [(5, 16, 3)] * 3
    assert [scene.error for scene in hypotheses.scenes] == [91.0, 82.0, 75.0]
    assert hypotheses.note.endswith("They show hypotheses that differ, and are not typical. 2D input: ground-truth 2D.")
    assert "best hypothesis 45 mm" in hypotheses.scenes[0].note
    errors = [scene.error or 0.0 for scene in chosen.scenes]
    assert errors == sorted(errors) and len(errors) == 3
    assert errors == pytest.approx([45.0] * 3, abs=0.01)


def test_errors_decide_the_order_of_successes_and_failures(made: Maker) -> None:
    path = made.run.layout.evaluation("hgn")
    arrays = artifacts.read_arrays(path)
    arrays["overlay_pose"] = arrays["overlay_truth"] + np.array([0.09, 0.03, 0.06])[:, None, None] * [0, 0, 1.0]
    artifacts.write_arrays(path, arrays)
    chosen = poses.groups(made.run)[0][1]
    assert [scene.label for scene in chosen.scenes] == ["Sitting", "Photo", "Walking"]
    assert [scene.error for scene in chosen.scenes] == pytest.approx([30.0, 60.0, 90.0])


def test_a_take_is_played_frame_by_frame(made: Maker) -> None:
    path = made.run.layout.evaluation("graphmdn")
    random = np.random.default_rng(0)
    truth = random.normal(0, 300, (7, 16, 3)).round().astype(np.int16)
    pose = truth + np.array([[0, 0, 10 * frame] for frame in range(7)], dtype=np.int16)[:, None]
    arrays = {
        "take_name": np.array("Walking 1"),
        "take_action": np.array("Walking"),
        "take_frame": np.arange(20, 90, 10, dtype=np.int32),
        "take_keypoints_2d": random.normal(500, 100, (7, 16, 2)).astype(np.float32),
        "take_truth": truth,
        "take_hypotheses": np.stack((pose, truth), axis=1),
        "take_weights": np.tile(np.float32([0.9, 0.1]), (7, 1)),
        "take_pose": pose,
    }
    artifacts.write_arrays(path, artifacts.read_arrays(path) | arrays)
    take = poses.groups(made.run)[0][1]
    assert take.title == "GraphMDN (graphmdn): Walking, Walking 1, frame by frame"
    assert take.frames_per_second == made.run.preset.motion.frames_per_second
    assert [scene.label for scene in take.scenes] == [f"frame {number}" for number in range(20, 90, 10)]
    assert [scene.error for scene in take.scenes] == pytest.approx([10.0 * frame for frame in range(7)])
    assert [scene.hypotheses.shape for scene in take.scenes] == [(2, 16, 3)] * 7


def test_of_many_samples_the_first_are_drawn(made: Maker) -> None:
    made.examples("graphmdn", kernels=200)
    scene = poses.groups(made.run)[0][0].scenes[0]
    assert len(scene.hypotheses) == poses.MOST_HYPOTHESES and "20 of 200 hypotheses" in scene.note
    assert scene.weights == pytest.approx(np.linspace(0.4, 0.0, 200)[:20])


def test_a_damaged_file_is_named_and_the_rest_is_shown(made: Maker) -> None:
    path = made.run.layout.evaluation("graphmdn")
    arrays = artifacts.read_arrays(path)
    del arrays["example_weights"]
    artifacts.write_arrays(path, arrays)
    section = viewer.section(made.run)
    assert section and "HGN (hgn): pose" in section
    assert "example_weights: missing; run evaluate_lifting for graphmdn again" in section


def fits(run: Run) -> dict[str, np.ndarray]:
    """Two bodies as fit_body draws them: world axes (z up), metres relative to the root."""
    random = np.random.default_rng(0)
    joints = random.normal(0, 0.4, (2, 17, 3))
    arrays = {
        "faces": np.array([[0, 1, 2], [0, 2, 3]]),
        "vertices": random.normal(0, 0.5, (2, 4, 3)),
        "joints": joints,
        "fitted": joints + np.array([0.003, 0.0, 0.004]),
        "residual": np.array([5.0, 5.0]),
        "label": np.array(["best: S9, Sitting", "worst: S9, Photo"]),
    }
    artifacts.write_arrays(run.layout.targets("meshes") / "drawings.npz", arrays)
    return arrays


def test_fitted_bodies_stand_upright_and_face_the_camera(made: Maker) -> None:
    drawn = fits(made.run)
    group = poses.groups(made.run)[0][-1]
    assert [scene.label for scene in group.scenes] == drawn["label"].tolist()
    for scene, vertices, joints in zip(group.scenes, drawn["vertices"], drawn["joints"], strict=True):
        (body,) = scene.meshes
        assert scene.truth is not None and scene.errors == pytest.approx([5.0])
        assert scene.truth[:, 1] == pytest.approx(-1000 * joints[:, 2]), "the camera's y is down"
        left, right = (scene.truth[HUMAN36M_17.names.index(name)] for name in ("LHip", "RHip"))
        assert left[0] > right[0] and left[2] == pytest.approx(right[2]), "the person's left is on the right"
        between = np.linalg.norm(body.vertices[:, None] - scene.truth, axis=-1)
        assert between == pytest.approx(1000 * np.linalg.norm(vertices[:, None] - joints, axis=-1)), "nothing is moved"
        turn = np.linalg.lstsq(1000 * joints, scene.truth, rcond=None)[0]
        assert np.linalg.det(turn) == pytest.approx(1.0), "nothing is mirrored"


def test_a_body_without_its_joints_is_named(made: Maker) -> None:
    drawn = fits(made.run)
    artifacts.write_arrays(
        made.run.layout.targets("meshes") / "drawings.npz", {k: v for k, v in drawn.items() if k != "fitted"}
    )
    groups, problems = poses.groups(made.run)
    assert len(groups) == 2
    assert [problem.partition(": ")[2] for problem in problems] == ["fitted: missing; run fit_body again"]


def test_nothing_measured_is_no_section(make: Callable[..., Maker]) -> None:
    assert viewer.section(make().run) is None


def test_rendered_scenes_are_in_the_section_with_predictions_and_truth(made: Maker) -> None:
    section = viewer.section(made.run)
    assert section
    pictures = re.findall(r'<image href="data:image/webp;base64,[^"]+" width="64"', section)
    assert len(pictures) == 12
    first = section.index('class="images-found"')
    assert section.count("<line", first, section.index("</g>", first)) == 19, "the bones of COCO's skeleton"
    assert 'class="images-ellipse"' in section and "images-truth" in section
    assert len(section) < 1_200_000


@pytest.mark.parametrize("poses_too", [True, False])
def test_a_link_to_the_viewer_leads_somewhere(made: Maker, poses_too: bool) -> None:
    if not poses_too:
        for variant in ("graphmdn", "hgn"):
            made.not_run(variant)
    section = viewer.section(made.run)
    assert section and section.count(' id="viewer"') == 1
    assert ("<canvas" in section) == poses_too


def test_images_of_others_are_in_no_page_but_the_local_one(made: Maker) -> None:
    settings = made.run.preset.images.model_copy(update={"source": "coco"})
    theirs = made.with_preset(images=settings)
    section = viewer.section(theirs)
    assert section and "data:image" not in section
    local = viewer.local_page(theirs)
    assert local and local.count("data:image/webp") == 12
    assert "data:image" not in viewer.alone(theirs, section)
    assert viewer.local_page(made.run) is None
