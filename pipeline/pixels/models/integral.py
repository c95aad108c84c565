"""Integral regression of 2D joints (Sun et al., "Integral Human Pose Regression", 2018): stage one of SemGCN's #2.

A ResNet, deconvolutions and a 1x1 convolution give one heatmap per joint. A joint's place is the mean over the heatmap
(soft-argmax), which is differentiable and is not rounded to a cell, so that the error of the place itself is the loss.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pipeline.pixels.models.resnet import STRIDES, ResNet

DECONVOLUTIONS = 3  # Sun et al.: from stride 32 to stride 4
DECONVOLUTION_WIDTH = 256
START = 1e-3  # standard deviation of the head's initial weights (Xiao et al. 2018, whose head it is)
STRIDE = STRIDES[-1] // 2**DECONVOLUTIONS  # px per cell of a heatmap


@dataclass(frozen=True, eq=False)
class Seen:
    """What the 2D network sees in B images."""

    keypoints_2d: Tensor  # [B, J, 2] px of the image; the first pixel's centre is at (0.5, 0.5)
    maps: list[Tensor]  # the backbone's five feature maps


class IntegralNetwork(nn.Module):
    """Images [B, 3, S, S] -> the places of J joints in them, and the feature maps; S a multiple of 32."""

    def __init__(self, backbone: ResNet, joint_count: int, width: int = DECONVOLUTION_WIDTH) -> None:
        super().__init__()
        self.backbone, self.joint_count = backbone, joint_count
        layers: list[nn.Module] = []
        inputs = backbone.channels[-1]
        for _ in range(DECONVOLUTIONS):
            layers += [nn.ConvTranspose2d(inputs, width, 4, 2, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(True)]
            inputs = width
        self.deconvolutions = nn.Sequential(*layers)
        self.heatmaps = nn.Conv2d(width, joint_count, 1)
        for module in (*layers, self.heatmaps):
            if isinstance(module, nn.ConvTranspose2d | nn.Conv2d):
                nn.init.normal_(module.weight, std=START)
        nn.init.zeros_(self.heatmaps.bias)  # type: ignore[arg-type]  # it has one

    def forward(self, images: Tensor) -> Seen:
        maps = self.backbone(images)
        return Seen(STRIDE * soft_argmax(self.heatmaps(self.deconvolutions(maps[-1]))), maps)


def soft_argmax(heatmaps: Tensor) -> Tensor:
    """The mean place [..., 2] (x, y) under each of the heatmaps [..., H, W], whose softmax is a distribution of cells.

    In cells: the centre of the first one is at 0.5, so a heatmap of equal values gives (W / 2, H / 2).
    """
    height, width = heatmaps.shape[-2:]
    # In half precision a sum over thousands of cells would lose the place.
    share = heatmaps.float() if heatmaps.dtype in (torch.float16, torch.bfloat16) else heatmaps
    share = share.flatten(-2).softmax(dim=-1).unflatten(-1, (height, width))
    x, y = (torch.arange(size, dtype=share.dtype, device=share.device) + 0.5 for size in (width, height))
    return torch.stack(((share.sum(dim=-2) * x).sum(dim=-1), (share.sum(dim=-1) * y).sum(dim=-1)), dim=-1)
