"""MixPose: five papers on graph networks and mixture density networks for pose estimation, in one pipeline."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from pipeline.lifting.lifter import Lifter


def load_model(path: Path | str, device: str = "cpu") -> Lifter:
    """A trained lifting network with `predict` and `lift`; see `pipeline.lifting.lifter`.

    `path` is a file of weights (safetensors), a checkpoint of `train_lifting` or `import_checkpoint`, or a name in the
    checkout's weights/.
    """
    # By its name and late: `import pipeline` loads no torch, and not every stage depends on the code of networks.
    weights = importlib.import_module("pipeline.predict.weights")
    model: Lifter = weights.load(path, device)
    return model
