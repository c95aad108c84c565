"""SemGCN: graph convolutions with learned edge weights and non-local layers on the skeleton's graph.

Source: Zhao et al., "Semantic Graph Convolutional Networks for 3D Human Pose Regression", CVPR 2019: Eq. 1 to 4,
Section 3.3 and Figure 2; appendix A.2 (Eq. 9) and A.3 (Eq. 10).

In the order of the paper: the vanilla graph convolution (Eq. 1), SemGConv (Eq. 2; channel-wise, Eq. 3), the non-local
layer (Eq. 4), blocks, network. Without non-local layers and with the vanilla convolution the network is ResGCN
(Section 3.1). GraphMDN is this network with a mixture head (graphmdn.py).

The formulas, parameter shapes and start values are those of the authors' code. Different here: the order of operations.
Joints are mixed before the product with W, which turns SemGConv's two products into one; and what is linear in the
non-local layer is folded into fewer products. Edge matrices are [receiving joint, sending joint].
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Literal

import torch
from torch import Tensor, nn

from pipeline.config import modules
from pipeline.geometry.skeleton import Skeleton, adjacency
from pipeline.lifting.models.layers import Convolution, Dropout, Parts, check_keypoints, convolution, joint_linear

if TYPE_CHECKING:
    from pipeline.config import ModelSettings
    from pipeline.lifting.outputs import PoseMixture

GAIN = 1.414  # the authors' value for their Xavier-uniform start, sqrt(2) to the digits they wrote


# --- graph convolutions (Eq. 1 to 3) ----------------------------------------------------------------------------------


class GraphConv(nn.Module):
    """Eq. 1: out = A x W + b with the fixed, normalised adjacency A [J, J]; features [..., J, in] -> [..., J, out]."""

    output_axis = -1  # of the weights, for max-norm regularisation
    adjacency: Tensor

    def __init__(self, in_features: int, out_features: int, adjacency: Tensor, bias: bool = True) -> None:
        super().__init__()
        self.register_buffer("adjacency", adjacency.clone(), persistent=False)
        self.weight = nn.Parameter(torch.empty(in_features, out_features))
        self.bias = nn.Parameter(torch.empty(out_features)) if bias else None
        nn.init.xavier_uniform_(self.weight, gain=GAIN)
        _start_bias(self.bias, out_features)

    def forward(self, features: Tensor) -> Tensor:
        joints, in_features = _check_features(features, self.adjacency, self.weight.shape[0])
        flat = features.reshape(-1, joints, in_features)
        mixed = torch.bmm(self.adjacency.expand(len(flat), -1, -1), flat)
        return joint_linear(mixed, self.weight.t(), self.bias).reshape(*features.shape[:-1], -1)


class SemGraphConv(nn.Module):
    """Eq. 2 as two products (Eq. 9): out = (A * I) x W_0 + (A * (1 - I)) x W_1 + b.

    Features [..., J, in] -> [..., J, out]. A is the row-wise softmax of one learned score per edge of `adjacency`
    [J, J] (its non-zeros; the values do not matter). With `channelwise` every output channel has its own A (Eq. 3). A
    joint without any edge, such as a padded mesh node, attends to all joints alike.

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
        _start_bias(self.bias, in_features if channelwise else out_features)

    def edge_weights(self) -> Tensor:
        """The matrices A, [J, J], or [out, J, J] if channel-wise; rows are receiving joints and sum to 1 (softmax)."""
        joints = len(self.adjacency)
        absent = torch.finfo(self.edge_scores.dtype).min if self.softmax else 0.0
        scores = self.edge_scores.new_full((len(self.edge_scores), joints * joints), absent)
        scores = scores.index_copy(1, self.edges, self.edge_scores).view(-1, joints, joints)
        matrices = torch.softmax(scores, dim=-1) if self.softmax else scores * self.adjacency
        return matrices if self.channelwise else matrices[0]

    def forward(self, features: Tensor) -> Tensor:
        joints, in_features = _check_features(features, self.adjacency, self.weight.shape[1])
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


def vanilla_convolution(settings: ModelSettings, graph: Tensor) -> Convolution:
    """`model.convolution: vanilla` on a graph's adjacency [J, J]."""
    return partial(GraphConv, adjacency=graph)


def semantic_convolution(settings: ModelSettings, graph: Tensor) -> Convolution:
    """`model.convolution: semantic` or `semantic_channelwise` on a graph's adjacency [J, J]."""
    return partial(
        SemGraphConv,
        adjacency=graph,
        channelwise=settings.convolution == "semantic_channelwise",
        softmax=settings.edge_weights == "softmax",
    )


def _check_features(features: Tensor, adjacency: Tensor, in_features: int) -> tuple[int, int]:
    """The numbers of joints and channels of features [..., J, in]; ValueError if they are not the layer's."""
    joints = len(adjacency)
    if features.shape[-2:] != (joints, in_features):
        raise ValueError(f"expected features [..., {joints}, {in_features}], found {list(features.shape)}")
    return joints, in_features


def _start_bias(bias: Tensor | None, fan: int) -> None:
    if bias is not None:
        nn.init.uniform_(bias, -(fan**-0.5), fan**-0.5)


# --- the non-local layer (Eq. 4) --------------------------------------------------------------------------------------


Start = Literal["xavier", "kaiming"]
STARTS: dict[Start, Callable[[Tensor], Tensor]] = {
    "xavier": nn.init.xavier_uniform_,
    "kaiming": nn.init.kaiming_normal_,
}


class NonLocal(nn.Module):
    """Every joint looks at all joints: features [B, J, C] -> [B, J, C].

        affinity_ij = relu(w_theta . theta(x_i) + w_phi . phi(x_j)) / P
        out_i       = x_i + BN(W sum_j affinity_ij g(x_j) + b)

    over P pooled joints j: phi and g are max-pooled over groups of `group_size` joints, consecutive ones of `order`
    (default: as they come); 16 -> 8 in SemGCN, and a group size of 1 pools nothing. Eq. 10 projects the concatenation
    of theta and phi; the projection is linear, so it splits into the two dot products above. The first needs no theta:
    w_theta . theta(x) is x times one folded vector. For the same reason W comes before the sum over j, where there are
    fewer joints. BN starts at 0, so the layer starts as the identity (Section 3.3).

    `theta`, `phi`, `g` [C / 2, C], `affinity` [2, C / 2] (w_theta, w_phi) and `output` [C, C / 2] are the authors'
    1x1 convolutions. Weights start Xavier-uniform, as the papers of SemGCN and GraphMDN say, or with `start="kaiming"`
    Kaiming-normal, as in the authors' code: standard deviation sqrt(2 / inputs).
    """

    is_non_local = True  # lifting/non_local.py counts those that are dead
    order: Tensor | None

    def __init__(
        self, channels: int, group_size: int, order: Sequence[int] | None = None, start: Start = "xavier"
    ) -> None:
        super().__init__()
        half = channels // 2
        self.group_size = group_size
        self.register_buffer("order", None if order is None else torch.tensor(order), persistent=False)
        self.g = nn.Linear(channels, half)
        self.theta = nn.Linear(channels, half)
        self.phi = nn.Linear(channels, half)
        self.affinity = nn.Parameter(torch.empty(2, half))
        self.output = nn.Linear(half, channels)
        self.normalisation = nn.BatchNorm1d(channels)
        for linear in (self.g, self.theta, self.phi, self.output):
            STARTS[start](linear.weight)
            nn.init.zeros_(linear.bias)
        STARTS[start](self.affinity.view(1, -1))
        nn.init.zeros_(self.normalisation.weight)

    def forward(self, features: Tensor) -> Tensor:
        joints, channels = features.shape[1:]
        if joints % self.group_size or (self.order is not None and joints != len(self.order)):
            raise ValueError(f"{joints} joints do not fall into the layer's groups of {self.group_size}")
        values, keys = self._pooled(features)  # [B, P, C], [B, P]
        queries = features @ (self.affinity[0] @ self.theta.weight) + self.affinity[0] @ self.theta.bias  # [B, J]
        affinity = torch.relu(queries.unsqueeze(2) + keys.unsqueeze(1)) / keys.shape[1]  # [B, J, P]
        gathered = torch.bmm(affinity, values) + self.output.bias
        return features + self.normalisation(gathered.view(-1, channels)).view_as(features)

    def _pooled(self, features: Tensor) -> tuple[Tensor, Tensor]:
        """W g(x_j) and w_phi . phi(x_j) of the pooled joints; g and phi are one product."""
        weight = torch.cat([self.g.weight, self.phi.weight])
        bias = torch.cat([self.g.bias, self.phi.bias])
        projected = joint_linear(features, weight, bias)
        if self.order is not None:
            projected = projected.index_select(1, self.order)
        if self.group_size > 1:
            projected = projected.unflatten(1, (-1, self.group_size)).amax(dim=2)
        g, phi = projected.chunk(2, dim=2)
        return joint_linear(g, self.output.weight, None), phi @ self.affinity[1]


def non_local_layer(settings: ModelSettings, skeleton: Skeleton) -> NonLocal:
    """The layer over a skeleton's joints; "grouped" pools its groups and raises ValueError if it has none."""
    if settings.non_local == "ungrouped":
        return NonLocal(settings.channels, group_size=1, start=settings.non_local_start)
    if not skeleton.groups:
        raise ValueError(f"{skeleton.name} has no groups of joints to pool: take non_local: ungrouped")
    order = [joint for group in skeleton.groups for joint in group]
    return NonLocal(settings.channels, len(skeleton.groups[0]), order, settings.non_local_start)


# --- blocks and network (Section 3.3, Figure 2) -----------------------------------------------------------------------


class GraphBlock(nn.Module):
    """Graph convolution, batch norm over the channels, ReLU, dropout: [B, J, in] -> [B, J, out]."""

    def __init__(self, convolution: nn.Module, channels: int, dropout: float) -> None:
        super().__init__()
        self.convolution = convolution
        self.normalisation = nn.BatchNorm1d(channels)
        self.dropout = Dropout(dropout)

    def forward(self, features: Tensor) -> Tensor:
        mixed = self.convolution(features)
        # Joints are rows like poses, so channels stay last and nothing is transposed.
        normalised = self.normalisation(mixed.flatten(0, 1))
        return self.dropout(torch.relu_(normalised)).view_as(mixed)


class ResidualBlock(nn.Module):
    """x + block(block(x)): [B, J, C] -> [B, J, C]. No ReLU follows the sum."""

    def __init__(self, convolution: Convolution, channels: int, dropout: float) -> None:
        super().__init__()
        self.first = GraphBlock(convolution(channels, channels), channels, dropout)
        self.second = GraphBlock(convolution(channels, channels), channels, dropout)

    def forward(self, features: Tensor) -> Tensor:
        return features + self.second(self.first(features))


class SemGCN(nn.Module):
    """2D joints [B, J, 2], screen-normalised, to the head's result; the head takes [B, J, outputs].

    An input block and a non-local layer; then `blocks` times a residual block and a non-local layer; then a graph
    convolution to the outputs, without norm. `convolution` and `non_local` make the layers, so that one network serves
    every ablation. Dropout is GraphMDN's (Section 4.4: 0.1).
    """

    def __init__(
        self,
        convolution: Convolution,
        non_local: Callable[[], nn.Module],
        head: nn.Module,
        outputs: int,
        joint_count: int,
        channels: int = 128,
        blocks: int = 4,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.joint_count = joint_count
        self.input = GraphBlock(convolution(2, channels), channels, dropout)
        self.input_non_local = non_local()
        self.residuals = nn.ModuleList(ResidualBlock(convolution, channels, dropout) for _ in range(blocks))
        self.non_locals = nn.ModuleList(non_local() for _ in range(blocks))
        self.output = convolution(channels, outputs)
        self.head = head

    def raw(self, keypoints_2d: Tensor) -> Tensor:
        """Every joint's raw outputs, the head's input: [B, J, outputs]."""
        check_keypoints(keypoints_2d, self.joint_count)
        features = self.input_non_local(self.input(keypoints_2d))  # [B, J, C]
        for residual, non_local in zip(self.residuals, self.non_locals, strict=True):
            features = non_local(residual(features))
        return self.output(features)

    def forward(self, keypoints_2d: Tensor) -> Tensor | PoseMixture:
        return self.head(self.raw(keypoints_2d))

    def learned_edge_weights(self) -> dict[str, Tensor]:
        """The edge matrices [J, J] of the residual blocks' layers that learn them, by name, input side first.

        These are the eight of Figure 7; rows are receiving joints. Of a channel-wise layer it is the average over the
        channels.
        """
        learned = {}
        for name, layer in self.residuals.named_modules():
            if hasattr(layer, "edge_weights"):
                weights: Tensor = layer.edge_weights().detach()
                learned[f"residuals.{name}"] = weights.mean(dim=0) if weights.dim() == 3 else weights
        return learned


def build(settings: ModelSettings, parts: Parts, network: type[SemGCN] = SemGCN) -> SemGCN:
    """The network of a variant's settings."""
    return network(
        convolution=convolution(settings, adjacency(parts.skeleton)),
        non_local=partial(_non_local, settings, parts.skeleton),
        head=parts.head,
        outputs=parts.outputs,
        joint_count=parts.skeleton.joint_count,
        channels=settings.channels,
        blocks=settings.blocks,
        dropout=settings.dropout,
    )


def _non_local(settings: ModelSettings, skeleton: Skeleton) -> nn.Module:
    if settings.non_local not in modules.NON_LOCAL:
        return nn.Identity()
    layer: nn.Module = modules.load(modules.NON_LOCAL[settings.non_local])(settings, skeleton)
    return layer
