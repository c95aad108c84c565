"""The vanilla graph convolution of ResGCN (SemGCN paper, Eq. 1): one product, fixed edge weights.

A joint's new features come from its own and its neighbours' by a matrix over the joints, [receiving joint, sending
joint]. The formula is the authors' (parameter shapes and start values too); the order of operations is ours.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from pipeline.lifting.models.convolution_parts import GAIN, check_features, start_bias
from pipeline.lifting.models.graph_blocks import Convolution
from pipeline.lifting.models.joint_linear import joint_linear

if TYPE_CHECKING:
    from pipeline.config import ModelSettings


class GraphConv(nn.Module):
    """out = A x W + b with the fixed, normalised adjacency A [J, J]; features [..., J, in] -> [..., J, out]."""

    output_axis = -1  # of the weights, for max-norm regularisation
    adjacency: Tensor

    def __init__(self, in_features: int, out_features: int, adjacency: Tensor, bias: bool = True) -> None:
        super().__init__()
        self.register_buffer("adjacency", adjacency.clone(), persistent=False)
        self.weight = nn.Parameter(torch.empty(in_features, out_features))
        self.bias = nn.Parameter(torch.empty(out_features)) if bias else None
        nn.init.xavier_uniform_(self.weight, gain=GAIN)
        start_bias(self.bias, out_features)

    def forward(self, features: Tensor) -> Tensor:
        joints, in_features = check_features(features, self.adjacency, self.weight.shape[0])
        flat = features.reshape(-1, joints, in_features)
        mixed = torch.bmm(self.adjacency.expand(len(flat), -1, -1), flat)
        return joint_linear(mixed, self.weight.t(), self.bias).reshape(*features.shape[:-1], -1)


def build(settings: ModelSettings, graph: Tensor) -> Convolution:
    return partial(GraphConv, adjacency=graph)
