"""Reading a detection variant's images, predicting on them, and its settings in a preset."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import torch

from pipeline.artifacts import InputError
from pipeline.config import DetectionVariant, Run
from pipeline.detection import image_set, inference
from pipeline.detection.checkpoints import DetectionPredictor
from pipeline.detection.detections import Detections
from pipeline.detection.image_set import ImageSet
from pipeline.detection.task import DetectionSettings

if TYPE_CHECKING:
    from pipeline.detection.results import Mode

SHARE_SEED = 0  # of the draw of a variant that trains on a part of the images


def read(run: Run, variant: DetectionVariant, split: str) -> ImageSet:
    """A split, `train` or `val`, of the variant's task; of `train` the share that the variant states.

    Raises InputError for images without anything to find: they have no AP.
    """
    data = image_set.read(run.layout.images(variant.task), split, variant.task, run.layout.raw)
    if split == "train" and variant.training_share < 1:
        count = max(1, round(variant.training_share * len(data)))
        drawn = torch.randperm(len(data), generator=torch.Generator().manual_seed(SHARE_SEED))[:count]
        data = data.subset(drawn.sort().values.numpy())
    annotated = data.keypoints[..., 2].any(axis=1) if variant.task == "pose" else np.ones(len(data.boxes), bool)
    if not (annotated & ~data.crowd).any():
        what = "keypoints" if variant.task == "pose" else "object"
        raise InputError(
            f"{data.annotations}: annotations: no {what} to find on {len(data)} images; "
            f"let images: in params/{run.preset_name}.yaml have more of them"
        )
    return data


def predict(
    predictor: DetectionPredictor, data: ImageSet, modes: tuple[Mode, ...], device: str, words: str
) -> dict[Mode, Detections]:
    """What a trained network finds in every image, by mode. `words` is shown beside the progress bar."""
    return inference.predict_modes(
        predictor.model,
        predictor.variant,
        data,
        predictor.input_size,
        device,
        predictor.sigma_factor,
        modes,
        progress=words,
    )


def settings(run: Run, name: str) -> DetectionSettings:
    """The preset's recipe, or the variant's own settings; imported weights keep those they were trained with."""
    variant, detection = run.detection_variant(name), run.preset.detection
    recipe = None if variant.imported else detection.recipe
    return DetectionSettings(
        input_size=run.input_size(name),
        batch_size=recipe.batch_size if recipe else variant.optimizer.batch_size,
        augment=detection.augment,
        sigma_factor=recipe.sigma_factor if recipe else 1.0,
    )
