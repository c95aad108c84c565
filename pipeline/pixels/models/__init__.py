"""Networks that see images of one person: a 2D network of joints, and SemGCN with its features."""

from pipeline.pixels.models.integral import IntegralNetwork, soft_argmax
from pipeline.pixels.models.perceptual import Crops, PerceptualSemGCN, Poses, build
from pipeline.pixels.models.resnet import ResNet, load_torchvision, normalized
from pipeline.pixels.models.roi_align import roi_align

__all__ = [
    "Crops",
    "IntegralNetwork",
    "PerceptualSemGCN",
    "Poses",
    "ResNet",
    "build",
    "load_torchvision",
    "normalized",
    "roi_align",
    "soft_argmax",
]
