"""Dropout for small CPU networks, where drawing the noise costs as much as a layer's product.

torch draws a CPU Bernoulli variable in about 5 ns; half of a random 64-bit word takes 1.4 ns and is as good: an element
is kept if its 32 bits are at or above a threshold, which meets the rate to within 2^-33.
"""

import torch
from torch import Tensor, nn


class Dropout(nn.Module):
    """In training zero each element with probability `rate`, independently, and scale the others by 1 / (1 - rate)."""

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
