"""Test-dev: a network's predictions on COCO's test images, as the files that COCO's server evaluates.

MDN offset, Table 5, and Mixture Dense, Tables 2 and 7: one size, with flip; poses also without flip, and refined.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np

from pipeline.artifacts import InputError
from pipeline.config import Run
from pipeline.detection import data as detection_data
from pipeline.detection import image_set, metrics
from pipeline.detection.checkpoints import DetectionPredictor
from pipeline.detection.detections import Detections
from pipeline.detection.results import Mode
from pipeline.layout import Task

# The server recognises the task by the file's name. The ending after the variant's name is the mode.
FILES = {"pose": "person_keypoints_test-dev2017_{}_results.json", "boxes": "detections_test-dev2017_{}_results.json"}
MODES: dict[Task, dict[Mode, str]] = {
    "pose": {"flip": "", "plain": "_plain", "flip_refined": "_refined"},
    "boxes": {"flip": ""},
}
OBJECTS = {"pose": metrics.MAX_POSES, "boxes": metrics.MAX_BOXES}  # per image, the most that the server evaluates
IMAGES_AT_ONCE = 1000  # at a time: of all 20 thousand, components and all would not fit a memory


def write_files(run: Run, predictor: DetectionPredictor, folder: Path, device: str) -> None:
    """Write a file into `folder` for each mode, if prepare_images has brought test-dev. Raises InputError."""
    name, task = predictor.variant_name, predictor.variant.task
    path = run.layout.images_split(task, "test")
    if not path.exists():
        return
    data = image_set.read(path.parent, "test", task, run.layout.raw)
    if not len(data):
        raise InputError(f"{path}: images: none; write `test_dev: false` in params/{run.preset_name}.yaml")
    modes = MODES[task]
    found: dict[Mode, list[Detections]] = {mode: [] for mode in modes}
    for first in range(0, len(data), IMAGES_AT_ONCE):
        part = data.subset(np.arange(first, min(first + IMAGES_AT_ONCE, len(data))))
        words = f"{name}, test-dev from {first} of {len(data)}"
        for mode, detections in detection_data.predict(predictor, part, tuple(modes), device, words).items():
            best = _best(detections, OBJECTS[task])
            found[mode].append(replace(best, image=best.image + first, component_keypoints=None))
    for mode, parts in found.items():
        file = folder / FILES[task].format(f"{name}{modes[mode]}")
        metrics.write_results(file, Detections.concatenate(parts), data.image_ids, data.category_ids, task)


def _best(detections: Detections, count: int) -> Detections:
    """The `count` best of each image; detections are sorted by image and falling score."""
    image = detections.image
    return detections.rows(np.arange(len(image)) - np.searchsorted(image, image) < count)
