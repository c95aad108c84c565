"""Networks that find people and objects, and `build_model`, which makes one from a variant's settings.

Backbones and what only a mixture has are imported when they are asked for (pipeline/params/modules.py).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pipeline.dense.models.centernet import CenterNet, build_model
from pipeline.dense.models.heads import Head, head_channels
from pipeline.params import modules

if TYPE_CHECKING:
    from pipeline.dense.head_mixture import log_weights as log_weights
    from pipeline.dense.models.deformable import deform_conv2d as deform_conv2d
    from pipeline.dense.models.dla import DLA34 as DLA34
    from pipeline.dense.models.hourglass import Hourglass as Hourglass

__all__ = ["CenterNet", "Head", "build_model", "head_channels"]


def __getattr__(name: str) -> object:
    return modules.offered(__name__, name)
