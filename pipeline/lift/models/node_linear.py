"""The product that mixes nodes: every node's features become a weighted sum of all nodes' features."""

import torch
from torch import Tensor, nn


def node_linear(features: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """weight @ x + b for features [B, sending, C], weight [receiving, sending], bias [receiving] -> [B, receiving, C].

    On the CPU a convolution whose channels are the nodes, for the reason that `joint_linear` gives; here it is also
    spared a copy of the weight's gradient for every element of the batch.
    """
    if features.device.type == "cpu":
        return nn.functional.conv1d(features, weight.unsqueeze(2), bias)
    mixed = torch.matmul(weight, features)
    return mixed if bias is None else mixed + bias.unsqueeze(1)
