"""Human3.6M's four calibrated cameras. Their positions differ slightly between subjects."""

import functools
import json
from pathlib import Path
from typing import Any

from pipeline.geometry.camera import Camera

CONSTANTS = Path(__file__).with_name("human36m_cameras.json")


def subjects() -> tuple[str, ...]:
    """The subjects whose cameras are known: S1, S5, S6, S7, S8, S9, S11."""
    return tuple(_constants()["subjects"])


def rig(subject: str) -> list[Camera]:
    """The four cameras of a subject. Raises KeyError for an unknown subject."""
    keys = ("id", "width", "height", "focal_length", "center", "radial_distortion", "tangential_distortion")
    placements = _constants()["subjects"][subject]
    lenses = [{key: lens[key] for key in keys} for lens in _constants()["cameras"]]
    return [Camera(**lens, **placement) for lens, placement in zip(lenses, placements, strict=True)]


@functools.cache
def _constants() -> dict[str, Any]:
    return json.loads(CONSTANTS.read_text(encoding="utf-8"))
