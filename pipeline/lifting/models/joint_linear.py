"""The product that all graph layers share: every joint's features times one matrix."""

import torch
from torch import Tensor, nn

# With AVX-512 torch's 1x1 convolution (oneDNN) is 1.4 to 4 times as fast as its matrix product (BLAS) on features of
# joints, forward and backward; with AVX2 it is 1.1 to 1.9 times slower (tests/benchmarks/test_joint_linear_speed.py).
CONVOLUTION_IS_FASTER = torch.backends.cpu.get_cpu_capability() == "AVX512"


def joint_linear(features: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """x W^T + b for features [B, J, in] and weight [out, in] -> [B, J, out]; whichever way is faster here."""
    if CONVOLUTION_IS_FASTER and features.device.type == "cpu":
        return as_convolution(features, weight, bias)
    return nn.functional.linear(features, weight, bias)


def as_convolution(features: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """The same as a 1x1 convolution."""
    picture = features.unsqueeze(2).permute(0, 3, 1, 2)  # [B, in, J, 1], channels last in memory, which oneDNN wants
    return nn.functional.conv2d(picture, weight[:, :, None, None], bias).permute(0, 2, 3, 1).squeeze(2)
