"""Graph attention: a joint weighs itself and its neighbours by their features. SemGCN's row "aGCN / GAT".

Source: Velickovic et al., "Graph Attention Networks", ICLR 2018, Section 2.1, Eqs. 1-5:

    h_i        = W x_i
    score_ij   = LeakyReLU(a^T [h_i || h_j]), slope 0.2
    weight_ij  = softmax over j, the joint i itself and its neighbours
    out_i      = sum_j weight_ij h_j + b

for several heads, whose results are concatenated. GAT's own nonlinearity and dropout are left to the block around the
layer (batch norm, ReLU), so the layer can replace SemGCN's. Weights start by Glorot's rule, as theirs do.

Known of SemGCN's comparison (Table 3): 0.16M parameters, one figure for aGCN and GAT together. Not known: heads,
widths and the places of the layers in the network.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from pipeline.lifting.models.layers import Convolution, joint_linear

if TYPE_CHECKING:
    from pipeline.config import ModelSettings

SLOPE = 0.2  # of the LeakyReLU below 0 (Section 2.1)


class GraphAttention(nn.Module):
    """Features [..., J, in] -> [..., J, out]; neighbours are the non-zeros of `adjacency` [J, J], rows receiving.

    `weight` [in, out] holds the heads side by side, `attention` [2, out] their a, for the receiving and for the sending
    joint. Where `heads` does not divide `out_features` (the 3 of the output layer) there is one head.
    in out + 2 out + out parameters, whatever the number of heads. A joint without any edge attends to all joints alike.
    """

    output_axis = -1  # of the weights, for max-norm regularisation
    absent: Tensor

    def __init__(self, in_features: int, out_features: int, adjacency: Tensor, heads: int = 8) -> None:
        super().__init__()
        if heads < 1:
            raise ValueError(f"attention needs a head, found heads={heads}")
        self.heads = heads if out_features % heads == 0 else 1
        self.register_buffer("absent", adjacency == 0, persistent=False)
        self.weight = nn.Parameter(torch.empty(in_features, out_features))
        self.attention = nn.Parameter(torch.empty(2, out_features))
        self.bias = nn.Parameter(torch.zeros(out_features))
        # Every head is a layer of its own, so its fans count and not the whole tensors'.
        width = out_features // self.heads
        for parameter, fans in ((self.weight, in_features + width), (self.attention, 2 * width + 1)):
            nn.init.uniform_(parameter, -math.sqrt(6 / fans), math.sqrt(6 / fans))

    def forward(self, features: Tensor) -> Tensor:
        values, attention = self._attend(features)
        mixed = (attention @ values).transpose(1, 2).flatten(2) + self.bias
        return mixed.reshape(*features.shape[:-1], -1)

    def attention_weights(self, features: Tensor) -> Tensor:
        """weight_ij of every pose and head, [N, heads, J, J] for N poses; rows are receiving joints and sum to 1."""
        return self._attend(features)[1]

    def _attend(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """The heads' h, [N, heads, J, width], and their weights, [N, heads, J, J]."""
        joints, (in_features, out_features) = len(self.absent), self.weight.shape
        if features.shape[-2:] != (joints, in_features):
            raise ValueError(f"expected features [..., {joints}, {in_features}], found {list(features.shape)}")
        # a^T [h_i || h_j] is a number of joint i plus one of joint j, linear in x like h: columns of one product.
        by_head = self.attention.unsqueeze(1) * self.weight
        by_head = by_head.unflatten(2, (self.heads, -1)).sum(dim=3)  # [2, in, heads]
        weight = torch.cat([self.weight, *by_head], dim=1)
        product = joint_linear(features.reshape(-1, joints, in_features), weight.t(), None)
        values, receiving, sending = product.split([out_features, self.heads, self.heads], dim=2)
        scores = receiving.transpose(1, 2).unsqueeze(3) + sending.transpose(1, 2).unsqueeze(2)  # [N, heads, J, J]
        scores = nn.functional.leaky_relu(scores, SLOPE).masked_fill(self.absent, torch.finfo(scores.dtype).min)
        return values.unflatten(2, (self.heads, -1)).transpose(1, 2), scores.softmax(dim=3)


def attention_convolution(settings: ModelSettings, graph: Tensor) -> Convolution:
    return partial(GraphAttention, adjacency=graph)
