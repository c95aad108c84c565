"""What the page says of images and of the networks trained on them."""

from __future__ import annotations

from collections.abc import Callable

import detection_made
import pytest
from hand_made import Maker

from pipeline import artifacts
from pipeline.artifacts import InputError
from pipeline.data.images.settings import PersonCrops
from pipeline.report.page import images, variants


def test_images_are_counted_and_what_is_missing_has_its_reason(make: Callable[..., Maker]) -> None:
    maker = make()
    detection_made.run(maker, "pose_l_base", 30.0)
    detection_made.prepared(maker)
    assert images.section(maker.run) == (
        "- People and their keypoints: scenes made in code (source `synthetic`).\n"
        "- Objects and their boxes: no images in this run: preset demo trains nothing on them.\n\n"
        "|  |  | images | objects | with keypoints |\n| --- | --- | ---: | ---: | ---: |\n"
        "| pose | train | 12,000 | 12,000 | 11,990 |\n| pose | val | 500 | 500 | 490 |"
    )


def test_crops_are_counted_if_the_preset_has_them(make: Callable[..., Maker]) -> None:
    maker = make()
    assert "crops" not in images.section(maker.run).lower()
    run = maker.with_preset(crops=PersonCrops(size=64))
    assert "- Crops of one person: prepare_crops was not run." in images.section(run)
    counts = {"images": 1200, "poses": 1234, "poses_without_a_body": 4}
    artifacts.write_json(run.layout.crops / "summary.json", {"size": 64, "splits": {"train": counts}})
    said = "- Crops of one person, 64 px: train 1,200 of 1,234 poses, 4 have no body."
    assert said in images.section(run)


def test_a_preset_without_images_has_no_table(make: Callable[..., Maker]) -> None:
    said = images.section(make().with_preset(images=None))
    assert said.count("no images in this run: preset demo has no images.") == 2
    assert "|" not in said


def test_a_damaged_summary_is_named(make: Callable[..., Maker]) -> None:
    maker = make()
    detection_made.run(maker, "pose_l_base", 30.0)
    detection_made.prepared(maker)
    artifacts.write_json(maker.run.layout.images_summary("pose"), None)
    with pytest.raises(InputError, match=r"images/pose/summary\.json: expected source, description and splits"):
        images.section(maker.run)


def test_every_detection_variant_is_listed_with_how_it_was_trained(make: Callable[..., Maker]) -> None:
    maker = make()
    detection_made.run(maker, "pose_l_base", 30.0, 31.0)
    detection_made.run(maker, "pose_l_base_authors", 55.0, training=None)
    listed = variants.detection(maker.evidence.detection.variants.values()).splitlines()
    assert len(listed) == 2 + len(maker.run.detection_variants)
    assert (
        "| [pose_l_base](metrics/pose_l_base.json) | LargeHG, L1 | 500 images, 64 px (pose) "
        "| trained on 2026-01-02: 2 seeds, 2 epochs, 2,900 steps |"
    ) in listed
    assert any("imported: its authors' weights, evaluated here" in line for line in listed)
    assert any("boxes_l_base |" in line and "| - | not run: left out by the preset |" in line for line in listed)
