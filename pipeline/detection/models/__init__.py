"""Networks that find people and objects, and `build_model`, which makes one from a variant's settings."""

from pipeline.detection.models.centernet import CenterNet, Head, build_model, head_channels, log_weights
from pipeline.detection.models.deformable import deform_conv2d
from pipeline.detection.models.dla import DLA34
from pipeline.detection.models.hourglass import Hourglass

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
