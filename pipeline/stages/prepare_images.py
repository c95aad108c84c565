"""Stage prepare_images: rendered scenes or COCO's files as annotated images for one of two tasks, poses or boxes."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pipeline import artifacts
from pipeline.body.model import BodyModel, read_body
from pipeline.config import Run
from pipeline.data.images import coco, scenes
from pipeline.data.images.settings import CocoImages, SyntheticImages
from pipeline.layout import Task

SPLITS: tuple[Literal["train", "val"], ...] = ("train", "val")


def run(run: Run, task: Task) -> None:
    images = run.preset.images
    assert images is not None  # or nothing of it is planned
    with artifacts.atomic_folder(run.layout.images(task)) as folder:
        if isinstance(images, CocoImages):
            summary = _read(run, images, task, folder)
        else:
            summary = _make(run, images, task, folder)
        artifacts.write_json(folder / "summary.json", summary)


def _make(run: Run, images: SyntheticImages, task: Task, folder: Path) -> dict[str, Any]:
    """Images rendered from the preset's body, or from capsules without one."""
    splits = {}
    for split in SPLITS:
        if task == "pose":
            made = scenes.make_pose(images.pose, images.seed, split, _body(run))
        else:
            made = scenes.make_boxes(images.boxes, images.seed, split, _body(run))
        artifacts.write_json(folder / f"{split}.json", made.coco)
        artifacts.write_arrays(folder / f"{split}.npz", {"pixels": made.pixels})
        splits[split] = coco.counts(made.coco, task)
    return {"source": "synthetic", "description": "scenes made in code", "splits": splits}


def _read(run: Run, images: CocoImages, task: Task, folder: Path) -> dict[str, Any]:
    """COCO's annotations of the images that the stage download fetched; test-dev has images only."""
    splits: dict[str, dict[str, int]] = {}
    unlabelled = images.unlabelled_people if task == "pose" else True  # a box needs no keypoints
    for split in SPLITS:
        content = coco.read_annotations(run.layout.raw, split, task, images.limit, unlabelled)
        artifacts.write_json(folder / f"{split}.json", content)
        splits[split] = coco.counts(content, task)
    if images.test_dev:
        test = coco.read_annotations(run.layout.raw, "test", task, images.limit)
        artifacts.write_json(folder / "test.json", test | {"categories": content["categories"]})
        splits["test"] = {"images": len(test["images"])}
    return {"source": "coco", "description": "COCO 2017", "splits": splits}


def _body(run: Run) -> BodyModel | None:
    return None if run.preset.body is None else read_body(run.layout.body_file("small.npz"))
