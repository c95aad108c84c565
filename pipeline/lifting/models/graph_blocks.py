"""Blocks of graph convolutions, of which the graph networks are built (SemGCN, Figure 2)."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from pipeline.lifting.models.dropout import Dropout

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
