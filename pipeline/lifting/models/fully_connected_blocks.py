"""The layers of fully connected networks: a residual block, what follows a linear layer, and how they start.

Source: Martinez et al., ICCV 2017, as fully_connected.py has it.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pipeline.lifting.models.dropout import Dropout

OUTPUT_START = 0.1  # of Kaiming's start, because outputs are metres


class FullyConnectedBlock(nn.Module):
    """x + layer(layer(x)), a layer being linear, batch norm, ReLU, dropout: [N, channels] -> [N, channels]."""

    def __init__(self, channels: int, dropout: float) -> None:
        super().__init__()
        self.first = nn.Linear(channels, channels)
        self.first_normalisation = nn.BatchNorm1d(channels)
        self.second = nn.Linear(channels, channels)
        self.second_normalisation = nn.BatchNorm1d(channels)
        self.dropout = Dropout(dropout)
        start_linear(self.first)
        start_linear(self.second)

    def forward(self, features: Tensor) -> Tensor:
        return self.complete(features, self.first(features))

    def complete(self, features: Tensor, first: Tensor) -> Tensor:
        """The block's result where the first linear layer's is known already, [N, channels] both."""
        hidden = activate(first, self.first_normalisation, self.dropout)
        return features + activate(self.second(hidden), self.second_normalisation, self.dropout)


def activate(linear_output: Tensor, normalisation: nn.Module, dropout: nn.Module) -> Tensor:
    """What follows a linear layer: batch norm, ReLU, dropout; [N, channels] -> [N, channels]."""
    return dropout(torch.relu_(normalisation(linear_output)))


@torch.no_grad()
def start_linear(linear: nn.Linear, scale: float = 1.0) -> None:
    """Kaiming-normal weights, of variance 2 / in, times `scale`; biases stay as torch starts them."""
    nn.init.kaiming_normal_(linear.weight)
    linear.weight.mul_(scale)
