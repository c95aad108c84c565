"""MixPose: five papers on graph networks and mixture density networks for pose estimation, in one pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.lift.checkpoints import LiftPredictor


def load_model(path: Path | str, device: str = "cpu") -> LiftPredictor:
    """A trained model from its checkpoint, with `predict(keypoints_2d)`; see `pipeline.lift.checkpoints`."""
    from pipeline.lift import checkpoints  # late, so that `import pipeline` does not load torch

    return checkpoints.load_model(path, device)
