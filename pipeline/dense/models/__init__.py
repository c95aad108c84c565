"""Networks that find people and objects, and `build_model`, which makes one from a variant's settings."""

from __future__ import annotations

from pipeline.dense.models.centernet import CenterNet, build_model
from pipeline.dense.models.deformable import deform_conv2d
from pipeline.dense.models.dla import DLA34
from pipeline.dense.models.heads import Head, head_channels, log_weights
from pipeline.dense.models.hourglass import Hourglass

__all__ = [
    "DLA34",
    "CenterNet",
    "Head",
    "Hourglass",
    "build_model",
    "deform_conv2d",
    "head_channels",
    "log_weights",
]
