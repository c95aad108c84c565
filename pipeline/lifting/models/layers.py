"""Layers and checks that several lifting networks share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from pipeline.config import modules
from pipeline.geometry.coarsening import MeshGraphs
from pipeline.geometry.skeleton import Skeleton

if TYPE_CHECKING:
    from pipeline.config import ModelSettings

Convolution = Callable[[int, int], nn.Module]  # (in_features, out_features) -> layer
GraphConvolution = Callable[[int, int, Tensor], nn.Module]  # (in_features, out_features, adjacency) -> layer

# With AVX-512, torch's 1x1 convolution (oneDNN) is 1.4 to 4 times as fast as its matrix product (BLAS) on features of
# joints, forward and backward; with AVX2 it is 1.1 to 1.9 times slower (tests/benchmarks/test_joint_linear_speed.py).
CONVOLUTION_IS_FASTER = torch.backends.cpu.get_cpu_capability() == "AVX512"


@dataclass(frozen=True, eq=False)
class Parts:
    """What a network is built from besides its own settings.

    The head turns `outputs` raw outputs per joint into the network's result. For a point it is the identity, of 3.
    """

    skeleton: Skeleton
    head: nn.Module
    outputs: int
    graphs: MeshGraphs | None = None  # of a body's mesh


def check_keypoints(keypoints_2d: Tensor, joint_count: int) -> None:
    """ValueError unless keypoints_2d is [B, joint_count, 2]."""
    if keypoints_2d.dim() != 3 or keypoints_2d.shape[1:] != (joint_count, 2):
        raise ValueError(f"expected keypoints_2d [B, {joint_count}, 2], found {list(keypoints_2d.shape)}")


def convolution(settings: ModelSettings, graph: Tensor) -> Convolution:
    """The graph convolution that `settings` choose, on a graph's adjacency [J, J]."""
    made: Convolution = modules.load(modules.CONVOLUTIONS[settings.convolution])(settings, graph)
    return made


def joint_linear(features: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """x W^T + b for features [B, J, in] and weight [out, in] -> [B, J, out], by the faster way on this machine."""
    if CONVOLUTION_IS_FASTER and features.device.type == "cpu":
        return as_convolution(features, weight, bias)
    return nn.functional.linear(features, weight, bias)


def as_convolution(features: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """The same product as a 1x1 convolution."""
    image = features.unsqueeze(2).permute(0, 3, 1, 2)  # [B, in, J, 1], channels last in memory, which oneDNN wants
    return nn.functional.conv2d(image, weight[:, :, None, None], bias).permute(0, 2, 3, 1).squeeze(2)


class Dropout(nn.Module):
    """In training, zeroes each element with probability `rate` and scales the others by 1 / (1 - rate).

    On the CPU the noise is half of a random 64-bit word per element: 1.4 ns, where torch's Bernoulli variable takes
    5 ns and costs as much as a small layer's product. An element is kept if its 32 bits are at or above a threshold,
    which meets the rate to within 2^-33.
    """

    def __init__(self, rate: float) -> None:
        super().__init__()
        if not 0 <= rate < 1:
            raise ValueError(f"a dropout rate lies in [0, 1), not {rate}")
        self.rate = rate

    def forward(self, features: Tensor) -> Tensor:
        if not self.training or self.rate == 0:
            return features
        if features.device.type != "cpu":
            return nn.functional.dropout(features, self.rate)  # one fused kernel there
        return features * _noise(features, self.rate)


def _noise(like: Tensor, rate: float) -> Tensor:
    """0 with probability `rate`, else 1 / (1 - rate); of `like`'s shape and type, from torch's default generator."""
    count = like.numel()
    words = torch.empty((count + 1) // 2, dtype=torch.int64).random_(-(2**63), None)
    bits = words.view(torch.int32)[:count].view(like.shape)
    kept = bits.ge_(round(rate * 2**32) - 2**31)
    return kept.to(like.dtype).mul_(1 / (1 - rate))
