"""Networks that find people and objects, and `build_model`, which makes one from a variant's settings.

Backbones are imported when they are asked for (pipeline/config/modules.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.config import modules
from pipeline.detection.models.centernet import CenterNet, Head, build_model, head_channels, log_weights

if TYPE_CHECKING:
    from pipeline.detection.models.deformable import deform_conv2d as deform_conv2d
    from pipeline.detection.models.dla import DLA34 as DLA34
    from pipeline.detection.models.hourglass import Hourglass as Hourglass

__all__ = ["CenterNet", "Head", "build_model", "head_channels", "log_weights"]


def __getattr__(name: str) -> object:
    return modules.offered(__name__, name)
