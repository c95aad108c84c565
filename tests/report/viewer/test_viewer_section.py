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
    assert [group.title for group in groups] == ["GraphMDN: hypotheses", "HGN: pose, successes and failures"]
    hypotheses, chosen = groups
    assert [scene.hypotheses.shape for scene in hypotheses.scenes] == [(5, 16, 3)] * 3
    assert [scene.error for scene in hypotheses.scenes] == [91.0, 82.0, 75.0]
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
    assert section and "HGN: pose" in section
    assert "example_weights: missing; run evaluate_lifting for graphmdn again" in section


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


def test_images_of_others_are_in_no_page_but_the_local_one(made: Maker) -> None:
    settings = made.run.preset.images.model_copy(update={"source": "coco"})
    theirs = made.with_preset(images=settings)
    section = viewer.section(theirs)
    assert section and "data:image" not in section
    local = viewer.local_page(theirs)
    assert local and local.count("data:image/webp") == 12
    assert viewer.local_page(made.run) is None
