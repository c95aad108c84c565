"""The detection variants of this project as detectors, from a checkpoint of `train_detection`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipeline.artifacts import InputError
from pipeline.detection import inference
from pipeline.detection.checkpoints import DetectionPredictor, load_model
from pipeline.detection.detections import Detections
from pipeline.detection.image_set import ImageSet
from pipeline.detection.image_store import ImageStore
from pipeline.geometry import coco_keypoints
from pipeline.predict.detectors import People, overlap
from pipeline.training.checkpoint import CheckpointError

LEAST_SCORE = 0.3  # of a person; CenterNet's own demonstration draws what is above
BATCH = 4


class CenterNetDetector:
    """A trained CenterNet with keypoints. It has no confidence of a keypoint: each gets its person's score.

    Keypoints are moved to peaks of the heatmaps, as in the papers' tables (mode `refined`).
    """

    def __init__(self, predictor: DetectionPredictor) -> None:
        self._predictor = predictor
        self.name = f"{predictor.variant_name}, trained here"

    @classmethod
    def read(cls, path: Path) -> CenterNetDetector:
        """From a checkpoint. Raises InputError for another file, and for a network that finds objects only."""
        try:
            predictor = load_model(path)
        except CheckpointError as error:
            raise InputError(str(error)) from None
        if predictor.variant.task != "pose":
            raise InputError(f"{path}: {predictor.variant_name} finds boxes; a variant of task `pose` is needed")
        return cls(predictor)

    def find(self, images: Sequence[NDArray[np.uint8]]) -> list[People]:
        """The people in each of the images [H, W, 3] RGB."""
        predictor = self._predictor
        found = inference.predict(
            predictor.model,
            predictor.variant,
            _unannotated(images),
            predictor.input_size,
            "cpu",
            predictor.sigma_factor,
            "refined",
            BATCH,
        )
        found = found.rows(found.score >= LEAST_SCORE)
        return [_people(found.rows(found.image == index)) for index in range(len(images))]


def _people(found: Detections) -> People:
    assert found.keypoints is not None
    score = found.score[:, None, None].repeat(coco_keypoints.COUNT, axis=1)
    keypoints = np.concatenate((found.keypoints, score), axis=2).astype(np.float32)
    return People(keypoints, found.score).rows(overlap.distinct(keypoints, found.score))


class _Given:
    """Images that are in memory, each of its own size."""

    def __init__(self, images: Sequence[NDArray[np.uint8]]) -> None:
        self._images = images

    def image(self, row: int) -> NDArray[np.uint8]:
        return self._images[row]


def _unannotated(images: Sequence[NDArray[np.uint8]]) -> ImageSet:
    """A set of images in which nothing is annotated."""
    count = len(images)
    return ImageSet(
        task="pose",
        image_ids=np.arange(count),
        sizes=np.array([image.shape[1::-1] for image in images], np.int64).reshape(-1, 2),
        first=np.zeros(count + 1, np.int64),
        boxes=np.zeros((0, 4), np.float32),
        category=np.zeros(0, np.int64),
        crowd=np.zeros(0, np.bool_),
        area=np.zeros(0, np.float32),
        keypoints=np.zeros((0, coco_keypoints.COUNT, 3), np.float32),
        back_view=None,
        category_ids=(1,),
        category_names=("person",),
        annotations=Path(),
        images=ImageStore(_Given(images), np.arange(count)),
    )
