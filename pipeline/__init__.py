"""MixPose: five papers on graph networks and mixture density networks for pose estimation, in one pipeline."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.lifting.checkpoints import LiftingPredictor


def load_model(path: Path | str, device: str = "cpu") -> LiftingPredictor:
    """A trained model from its checkpoint, with `predict(keypoints_2d)`; see `pipeline.lifting.checkpoints`."""
    # By its name and late: `import pipeline` loads no torch, and not every stage depends on the code of networks.
    checkpoints = importlib.import_module("pipeline.lifting.checkpoints")
    predictor: LiftingPredictor = checkpoints.load_model(path, device)
    return predictor
