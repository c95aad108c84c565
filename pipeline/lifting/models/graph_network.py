"""SemGCN, its ablations, and GraphMDN up to the head: one network over the skeleton's graph.

Source: SemGCN, Section 3.3 and Figure 2; GraphMDN, Section 2.4 and Figure 1. A block is graph convolution, batch norm,
ReLU, dropout. Input block and non-local layer, then as often as asked for (residual block of two blocks, non-local
layer), then a graph convolution to the outputs, without norm. No ReLU follows a residual sum. Dropout is GraphMDN's
(Section 4.4: 0.1).

Without non-local layers and with the vanilla convolution it is ResGCN (SemGCN, Section 3.1).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from torch import Tensor, nn

from pipeline.geometry.skeleton import adjacency
from pipeline.lifting.models import layers
from pipeline.lifting.models.graph_blocks import Convolution, GraphBlock, ResidualBlock
from pipeline.lifting.models.parts import Parts
from pipeline.lifting.output_types import PoseMixture

if TYPE_CHECKING:
    from pipeline.config import ModelSettings


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

    def learned_edge_weights(self) -> dict[str, Tensor]:
        """The edge matrices [J, J] of the residual blocks' layers that learn them, by name, input side first.

        These are the eight of SemGCN's Figure 7; rows are receiving joints. Of a channel-wise layer the average over
        the channels.
        """
        learned = {}
        for name, layer in self.residuals.named_modules():
            if hasattr(layer, "edge_weights"):
                weights: Tensor = layer.edge_weights().detach()
                learned[f"residuals.{name}"] = weights.mean(dim=0) if weights.dim() == 3 else weights
        return learned


def build(settings: ModelSettings, parts: Parts) -> nn.Module:
    return GraphNetwork(
        convolution=layers.convolution(settings, adjacency(parts.skeleton)),
        non_local=partial(layers.non_local, settings, parts.skeleton),
        head=parts.head,
        outputs=parts.outputs,
        joint_count=parts.skeleton.joint_count,
        channels=settings.channels,
        blocks=settings.blocks,
        dropout=settings.dropout,
    )
