"""SemGCN's graph convolution (Eq. 2; channel-wise, Eq. 3): features come from a joint's neighbours by learned edges.

Two products, one for the joint itself and one for its neighbours (appendix A.2, Eq. 9). Edge matrices are [receiving
joint, sending joint]. The formulas are the authors' (parameter shapes and start values too); the order of operations is
ours: mixing joints first turns the two products into one.
"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from pipeline.lifting.models.convolution_parts import GAIN, check_features, start_bias
from pipeline.lifting.models.graph_blocks import Convolution
from pipeline.lifting.models.joint_linear import joint_linear

if TYPE_CHECKING:
    from pipeline.config import ModelSettings


class SemGraphConv(nn.Module):
    """out = (A * I) x W_0 + (A * (1 - I)) x W_1 + b; features [..., J, in] -> [..., J, out].

    A is the row-wise softmax of one learned score an edge of `adjacency` [J, J] (its non-zeros; the values do not
    matter). With `channelwise` every output channel has its own A (Eq. 3). A joint without any edge, such as a padded
    mesh node, attends to all joints alike.

    With `softmax=False` (claim SG-5; as in ST-GCN) A is the adjacency's values times the learned scores. Both start at
    the same matrix, the mean over a joint and its neighbours, when the adjacency's rows are normalised.

    `weight` [2, in, out], `edge_scores` [1, edges] or [out, edges] in row-major order, `bias` [out]: the shapes of the
    authors' W, e and bias.
    """

    output_axis = -1
    adjacency: Tensor
    edges: Tensor
    own_and_others: Tensor

    def __init__(
        self,
        in_features: int,
        out_features: int,
        adjacency: Tensor,
        bias: bool = True,
        channelwise: bool = False,
        softmax: bool = True,
    ) -> None:
        super().__init__()
        joints = len(adjacency)
        own = torch.eye(joints, dtype=adjacency.dtype)
        self.register_buffer("adjacency", adjacency.clone(), persistent=False)
        self.register_buffer("edges", (adjacency > 0).flatten().nonzero().flatten(), persistent=False)
        self.register_buffer("own_and_others", torch.stack([own, 1 - own], dim=1), persistent=False)  # [J, 2, J]
        self.channelwise = channelwise
        self.softmax = softmax
        self.weight = nn.Parameter(torch.empty(2, in_features, out_features))
        self.edge_scores = nn.Parameter(torch.ones(out_features if channelwise else 1, len(self.edges)))
        self.bias = nn.Parameter(torch.empty(out_features)) if bias else None
        # Xavier's bound as the authors get it from the three-dimensional tensor: "fans" 2 out and in out, which
        # simplifies to 1.414 sqrt(6 / ((in + 2) out)).
        bound = GAIN * math.sqrt(6 / ((in_features + 2) * out_features))
        nn.init.uniform_(self.weight, -bound, bound)
        start_bias(self.bias, in_features if channelwise else out_features)

    def edge_weights(self) -> Tensor:
        """The matrices A, [J, J], or [out, J, J] if channel-wise; rows are receiving joints and sum to 1 (softmax)."""
        joints = len(self.adjacency)
        absent = torch.finfo(self.edge_scores.dtype).min if self.softmax else 0.0
        scores = self.edge_scores.new_full((len(self.edge_scores), joints * joints), absent)
        scores = scores.index_copy(1, self.edges, self.edge_scores).view(-1, joints, joints)
        matrices = torch.softmax(scores, dim=-1) if self.softmax else scores * self.adjacency
        return matrices if self.channelwise else matrices[0]

    def forward(self, features: Tensor) -> Tensor:
        joints, in_features = check_features(features, self.adjacency, self.weight.shape[1])
        flat = features.reshape(-1, joints, in_features)
        out = self._channelwise(flat) if self.channelwise else self._shared(flat)
        return out.reshape(*features.shape[:-1], -1)

    def _shared(self, features: Tensor) -> Tensor:
        """Mix first: each joint's row becomes (own part, neighbours' part), so that [W_0; W_1] is one product."""
        batch, joints, in_features = features.shape
        mixing = (self.edge_weights().unsqueeze(1) * self.own_and_others).flatten(0, 1)  # [2 J, J]
        mixed = torch.bmm(mixing.expand(batch, -1, -1), features)  # [B, 2 J, in]
        return joint_linear(mixed.view(batch, joints, 2 * in_features), self.weight.flatten(0, 1).t(), self.bias)

    def _channelwise(self, features: Tensor) -> Tensor:
        """A differs by output channel, so mixing can only follow the products."""
        edges = self.edge_weights()
        own, others = features @ self.weight[0], features @ self.weight[1]  # [B, J, out]
        mixed = torch.einsum("cij,bjc->bic", edges * self.own_and_others[:, 1], others)
        out = own * edges.diagonal(dim1=1, dim2=2).t() + mixed
        return out if self.bias is None else out + self.bias


def build(settings: ModelSettings, graph: Tensor) -> Convolution:
    return partial(
        SemGraphConv,
        adjacency=graph,
        channelwise=settings.convolution == "semantic_channelwise",
        softmax=settings.edge_weights == "softmax",
    )
