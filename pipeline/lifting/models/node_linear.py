"""The product that mixes nodes: every node's features become a weighted sum of all nodes' features."""

import torch
from torch import Tensor, nn

FEW = 32  # nodes on either side up to which a plain product is the faster one on the CPU


def node_linear(features: Tensor, weight: Tensor, bias: Tensor | None = None) -> Tensor:
    """weight @ x + b for features [B, sending, C], weight [receiving, sending], bias [receiving] -> [B, receiving, C].

    For many nodes on the CPU it is a convolution whose channels are the nodes, for the reason that `joint_linear`
    gives; that also spares the weight's gradient a copy for every element of the batch.
    """
    if features.device.type == "cpu" and min(weight.shape) > FEW:
        return nn.functional.conv1d(features, weight.unsqueeze(2), bias)
    weights = weight.expand(len(features), -1, -1)
    return torch.bmm(weights, features) if bias is None else torch.baddbmm(bias.unsqueeze(1), weights, features)
