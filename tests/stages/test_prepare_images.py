"""Stage prepare_images: made scenes, COCO's images, or none, in the same two folders."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import bodies
import coco_files
import detection_folder
import numpy as np
import planned
import pytest

from pipeline import artifacts
from pipeline.data.images import coco
from pipeline.detection import image_set

TASKS = ("pose", "boxes")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return detection_folder.write_settings(tmp_path)


def prepare() -> None:
    for task in TASKS:
        assert planned.stage("prepare_images", "--task", task) == 0


def files(folder: Path) -> dict[str, bytes]:
    made = folder / "data" / "tiny" / "images"
    return {str(path.relative_to(made)): path.read_bytes() for path in made.rglob("*") if path.is_file()}


def content(task: str, name: str) -> Any:
    return json.loads(Path(f"data/tiny/images/{task}/{name}.json").read_text())


def test_made_scenes_without_a_body(folder: Path) -> None:
    prepare()
    assert set(files(folder)) == {
        f"{task}/{name}"
        for task in TASKS
        for name in ("train.json", "val.json", "train.npz", "val.npz", "summary.json")
    }
    sizes = {"train": detection_folder.TRAIN, "val": detection_folder.VAL}
    for task in TASKS:
        summary = content(task, "summary")
        assert (summary["source"], summary["description"]) == ("synthetic", "scenes made in code")
        for split, count in sizes.items():
            made, pixels = content(task, split), np.load(f"data/tiny/images/{task}/{split}.npz")["pixels"]
            assert pixels.shape == (count, 64, 64, 3) and pixels.dtype == np.uint8 and len(made["images"]) == count
            expected = {"images": count, "objects": len(made["annotations"])}
            if task == "pose":
                expected["with_keypoints"] = sum(one["num_keypoints"] > 0 for one in made["annotations"])
                assert {type(one["back_view"]) for one in made["annotations"]} == {bool}
            assert summary["splits"][split] == expected
            data = image_set.read(folder / "data/tiny/images" / task, split, task, raw=folder)  # type: ignore[arg-type]
            assert len(data) == count and len(data.boxes) == expected["objects"]


def test_the_same_settings_make_the_same_bytes(folder: Path) -> None:
    prepare()
    first = files(folder)
    shutil.rmtree(folder / "data")
    prepare()
    assert files(folder) == first
    detection_folder.edit(folder, "  seed: 0\n  pose:", "  seed: 1\n  pose:")
    prepare()
    changed = {name for name, text in files(folder).items() if text != first[name]}
    assert {f"{task}/{split}.npz" for task in TASKS for split in ("train", "val")} <= changed


def test_people_are_drawn_from_the_presets_body(folder: Path) -> None:
    prepare()
    without = files(folder)
    detection_folder.edit(folder, "variants: core\nmotion:", "variants: core\nbody: open\nmotion:")
    artifacts.write_arrays(folder / "data/tiny/body/small.npz", bodies.small().to_arrays())
    prepare()
    with_body = files(folder)
    for task in TASKS:
        assert with_body[f"{task}/train.npz"] != without[f"{task}/train.npz"]
        assert json.loads(with_body[f"{task}/summary.json"])["source"] == "synthetic"


def test_a_body_that_is_not_there_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    detection_folder.edit(folder, "variants: core\nmotion:", "variants: core\nbody: open\nmotion:")
    assert planned.stage("prepare_images", "--task", "pose") == 2
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and "data/tiny/body/small.npz: missing" in said
    assert files(folder) == {}


def test_each_task_has_its_job(folder: Path) -> None:
    """Images for boxes change nothing that is learned of poses."""
    assert planned.stage("prepare_images", "--task", "boxes") == 0
    assert {name.partition("/")[0] for name in files(folder)} == {"boxes"}
    plan = folder / "data/tiny/plan/prepare_images/pose.json"
    before = plan.read_bytes()
    detection_folder.edit(
        folder, f"  boxes:\n    size: 64\n    train: {detection_folder.TRAIN}\n", "  boxes:\n    train: 3\n"
    )
    planned.plan()
    assert plan.read_bytes() == before


@pytest.mark.parametrize(
    ("before", "after", "tasks"),
    [(detection_folder.IMAGES, "images: null\n", TASKS), ("    - boxes_l_mdn_3\n", "", ("boxes",))],
)
def test_images_that_nobody_learns_from_are_no_job(
    folder: Path, capsys: pytest.CaptureFixture[str], before: str, after: str, tasks: tuple[str, ...]
) -> None:
    detection_folder.edit(folder, before, after)
    for task in tasks:
        assert planned.stage("prepare_images", "--task", task) == 2
        said = capsys.readouterr().err
        assert said == f"error: prepare_images --task {task}: preset tiny has no such job\n"
    assert files(folder) == {}


def test_what_stood_there_before_goes(folder: Path) -> None:
    left = folder / "data/tiny/images/pose/of_before.npz"
    left.parent.mkdir(parents=True)
    left.write_text("old")
    prepare()
    assert not left.exists() and (left.parent / "train.npz").exists()


@pytest.mark.parametrize("limit", [None, 2])
def test_cocos_annotations_are_cut_to_the_task(folder: Path, limit: int | None) -> None:
    coco_files.write_mirror(folder / "data" / "raw", archives=False)
    detection_folder.set_images(folder, f"images:\n  source: coco\n  files: single\n  limit: {limit or 'null'}\n")
    prepare()
    assert set(files(folder)) == {f"{task}/{name}.json" for task in TASKS for name in ("train", "val", "summary")}
    counts = {task: content(task, "summary")["splits"] for task in TASKS}
    if limit:
        assert counts["pose"]["train"] == {"images": 1, "objects": 1, "with_keypoints": 1}
        assert counts["boxes"]["val"] == {"images": 2, "objects": 3}
    else:
        assert counts["pose"] == {
            "train": {"images": 2, "objects": 2, "with_keypoints": 2},
            "val": {"images": 4, "objects": 2, "with_keypoints": 2},
        }
        assert counts["boxes"]["train"] == {"images": 4, "objects": 6}
    assert content("boxes", "summary")["source"] == "coco"
    data = image_set.read(folder / "data/tiny/images/pose", "train", "pose", raw=folder / "data/raw")
    assert data.category_names == ("person",) and data.keypoints[0, :, 2].sum() == 34
    turned = data.images.warped(np.array([0]), np.array([[[1.0, 0, 0], [0, 1, 0]]]), coco_files.SIDE)
    assert np.abs(turned.astype(int) - 2).max() <= 1  # the image of image 2 is of the grey 2


@pytest.mark.parametrize("categories", [True, False])
def test_of_test_dev_there_are_images_and_the_categories_of_training(folder: Path, categories: bool) -> None:
    coco_files.write_mirror(folder / "data" / "raw", archives=False)
    coco_files.write_test_info(folder / "data" / "raw", categories)
    detection_folder.set_images(folder, "images:\n  source: coco\n  files: single\n  test_dev: true\n")
    prepare()
    for task in TASKS:
        assert content(task, "summary")["splits"]["test"] == {"images": 3}
        assert content(task, "test")["categories"] == content(task, "train")["categories"]
        data = image_set.read(folder / "data/tiny/images" / task, "test", task, raw=folder)  # type: ignore[arg-type]
        assert data.image_ids.tolist() == list(coco_files.TEST) and len(data.boxes) == 0
        assert data.category_names == (("person",) if task == "pose" else ("person", "cup"))
        assert len(data.subset(np.array([2]))) == 1


def test_coco_that_was_not_downloaded_is_one_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    detection_folder.set_images(folder, "images:\n  source: coco\n  files: single\n")
    assert planned.stage("prepare_images", "--task", "pose") == 2
    said = capsys.readouterr().err
    path = coco_files.path_of(Path("data/raw"), coco.ANNOTATIONS)
    assert said == f"error: {path}: missing; run `python -m pipeline download`\n"
    assert not (folder / "data/tiny/images/pose").exists()
