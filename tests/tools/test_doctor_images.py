"""tools.doctor on the images of a preset: made, COCO's, or none."""

from __future__ import annotations

import re
from pathlib import Path

import doctor_repository
import pytest
from doctor_repository import DIGEST, NOISE, PARAMS, SYNTHETIC, bring, preset, said

from pipeline.tools import doctor

DETECTION = """
detection_variants:
  pose_base:
    paper: mdn_offset
    title: L1
    core: true
    task: pose
  boxes_base:
    paper: mixture_dense
    title: HG
    task: boxes
  boxes_authors:
    paper: mixture_dense
    title: theirs
    task: boxes
    imported: true
    weights: null
"""
SCENES = "images:\n  source: synthetic\n  pose: {train: 2, val: 2}\n  boxes: {train: 2, val: 2}"
COCO = "images:\n  source: coco\n  files: {files}\n  test_dev: {test_dev}"
HOST = "images.cocodataset.org"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return doctor_repository.make(tmp_path)


@pytest.fixture
def detection(root: Path) -> Path:
    """The same repository with variants that need images."""
    (root / "params.yaml").write_text(PARAMS + DETECTION)
    return root


def set_demo(root: Path, *more: str) -> None:
    (root / "params" / "demo.yaml").write_text(preset(SYNTHETIC, NOISE, *more))


def test_no_variant_needs_images(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.run(root, "demo") == 0
    assert not re.search(r"\bimages (ok|optional|missing)", said(capsys))


def test_images_that_a_preset_does_not_have(detection: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert doctor.run(detection, "demo") == 0
    text = said(capsys)
    lost = "2 variants on images will be `not run`; write `images:` into params/demo.yaml"
    assert f"images optional none {lost}" in text and text.endswith("-> can run")
    assert "weights optional boxes_authors not imported" in text
    set_demo(detection, "detection:\n  variants: core")
    doctor.run(detection, "demo")
    assert "images optional none 1 variant on images" in said(capsys)
    set_demo(detection, SCENES)
    assert doctor.run(detection, "demo") == 0
    assert "images ok synthetic: made in code" in said(capsys)


def test_archives_of_coco(detection: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    set_demo(detection, COCO.format(files="archives", test_dev="false"))
    names = ["annotations/annotations_trainval2017.zip", "zips/train2017.zip", "zips/val2017.zip"]
    bring(detection / "data/raw" / HOST / names[0])
    assert doctor.run(detection, "demo") == 0
    origin = f"stage download fetches the others from {HOST}: needs the network"
    assert f"images ok coco: 1 of 3 files in data/raw {origin}" in said(capsys)
    monkeypatch.setenv("MIXPOSE_MIRROR", str(detection / "mirror"))
    bring(detection / "mirror" / HOST / names[1])
    assert doctor.run(detection, "demo") == 1
    text = said(capsys)
    assert f"lacks 1 of the others: {HOST}/{names[2]}" in text and text.endswith("-> cannot run: images missing")
    for name in names:
        bring(detection / "data/raw" / HOST / name)
    assert doctor.run(detection, "demo") == 0
    assert "images ok coco: 3 of 3 files in data/raw" in said(capsys)
    set_demo(detection, COCO.format(files="archives", test_dev="true"))
    doctor.run(detection, "demo")
    assert "images missing coco: 3 of 5 files in data/raw" in said(capsys)


def test_single_images_of_coco_are_not_known_before_its_annotations(
    detection: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    set_demo(detection, COCO.format(files="single", test_dev="false"))
    listed = "its annotations list the single images, which stage download fetches after them"
    for here in (0, 1):
        assert doctor.run(detection, "demo") == 0
        text = said(capsys)
        assert f"images ok coco: {here} of 1 files in data/raw" in text and listed in text
        bring(detection / "data/raw" / HOST / "annotations/annotations_trainval2017.zip")


def test_imported_weights_of_a_detection_variant(detection: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (detection / "params.yaml").write_text(PARAMS + DETECTION.replace("weights: null", f"weights: {DIGEST}"))
    assert doctor.run(detection, "demo") == 1
    assert f"weights missing boxes_authors: not here data/imported/{DIGEST}.pt" in said(capsys)
    bring(detection / "data" / "imported" / f"{DIGEST}.pt")
    assert doctor.run(detection, "demo") == 0
    assert "weights ok boxes_authors: here" in said(capsys)
