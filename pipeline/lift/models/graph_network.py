"""SemGCN, its ablations, and GraphMDN up to the head: one network over the skeleton's graph.

Source: SemGCN, Section 3.3 and Figure 2; GraphMDN, Section 2.4 and Figure 1. A block is graph convolution, batch norm,
ReLU, dropout. Input block and non-local layer, then as often as asked for (residual block of two blocks, non-local
layer), then a graph convolution to the outputs, without norm. No ReLU follows a residual sum. Dropout is GraphMDN's
(Section 4.4: 0.1).

Without non-local layers and with the vanilla convolution it is ResGCN (SemGCN, Section 3.1).
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from pipeline.lift.models.dropout import Dropout
from pipeline.lift.models.graph_convolution import SemGraphConv
from pipeline.lift.models.mixture_head import PoseMixture

Convolution = Callable[[int, int], nn.Module]  # (in_features, out_features) -> layer


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
    """x + block(block(x)): [B, J, C] -> [B, J, C]."""

    def __init__(self, convolution: Convolution, channels: int, dropout: float) -> None:
        super().__init__()
        self.first = GraphBlock(convolution(channels, channels), channels, dropout)
        self.second = GraphBlock(convolution(channels, channels), channels, dropout)

    def forward(self, features: Tensor) -> Tensor:
        return features + self.second(self.first(features))


class GraphNetwork(nn.Module):
    """2D joints [B, J, 2], screen-normalised, to the head's result; the head takes [B, J, outputs].

    `convolution` and `non_local` make the layers, so that one network serves every ablation.
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
        """What the head is given: every joint's raw outputs, [B, J, outputs]."""
        if keypoints_2d.dim() != 3 or keypoints_2d.shape[1:] != (self.joint_count, 2):
            raise ValueError(f"expected keypoints_2d [B, {self.joint_count}, 2], found {list(keypoints_2d.shape)}")
        features = self.input_non_local(self.input(keypoints_2d))
        for residual, non_local in zip(self.residuals, self.non_locals, strict=True):
            features = non_local(residual(features))
        return self.output(features)

    def forward(self, keypoints_2d: Tensor) -> Tensor | PoseMixture:
        return self.head(self.raw(keypoints_2d))


def learned_edge_weights(model: nn.Module) -> dict[str, Tensor]:
    """The edge matrices [J, J] of the SemGConv layers in the residual blocks, by name, input side first.

    These are the eight of SemGCN's Figure 7; rows are receiving joints. Of a channel-wise layer the average over the
    channels. Empty for a model without such layers.
    """
    if not isinstance(model, GraphNetwork):
        return {}
    learned = {}
    for name, layer in model.residuals.named_modules():
        if isinstance(layer, SemGraphConv):
            weights = layer.edge_weights().detach()
            learned[f"residuals.{name}"] = weights.mean(dim=0) if layer.channelwise else weights
    return learned
