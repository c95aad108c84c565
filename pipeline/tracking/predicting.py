"""What a registered model answers: all poses that a network names, their weights, mean and spread."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from pipeline import load_model


class Predictor:
    """A lifting network with arrays in and out."""

    def __init__(self, checkpoint: Path | str) -> None:
        self._model = load_model(checkpoint)

    def predict(self, keypoints: np.ndarray, image_size: np.ndarray) -> dict[str, np.ndarray]:
        """All that is known of N poses.

        `keypoints` [N, J, 2] in pixels, `image_size` [2], the image's width and height in pixels. The answer has
        `poses` [N, K, J, 3] in mm, relative to the pelvis, in the camera's axes; `weights` [N, K]; `mean` [N, J, 3];
        `spread_mm` [N, J]. All are float32. A network that gives one pose has K = 1. Raises ValueError for a wrong
        number of joints, or a size that is not two positive numbers.
        """
        width, height = _size(image_size)
        found = self._model.lift(keypoints, width, height)
        return {
            "poses": found.hypotheses,
            "weights": found.weights,
            "mean": found.mean,
            "spread_mm": found.spread_mm,
        }


def _size(given: np.ndarray) -> tuple[float, float]:
    found = np.asarray(given, dtype=float).ravel()
    if found.shape != (2,) or not (found > 0).all():
        raise ValueError(f"image_size: expected width and height in pixels, found {found.tolist()}")
    return float(found[0]), float(found[1])
