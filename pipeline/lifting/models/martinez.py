"""A network without a graph: fully connected layers over all joints at once. SemGCN's row "FC", 10 times its size.

Source: Martinez, Hossain, Romero and Little, "A simple yet effective baseline for 3d human pose estimation", ICCV 2017,
Section 3: a linear layer, then residual blocks of two layers, each layer linear, batch norm, ReLU, dropout; a linear
layer to the outputs. The paper starts weights by Kaiming's rule [He et al. 2015] without naming the variant. Here they
are Kaiming-normal, as in the common PyTorch version of it; torch's own start for linear layers has a sixth of the
variance that the rule gives a layer before a ReLU. Biases start as torch's. The paper also bounds the norm of a layer's
weights by 1; here that is an option of the training loop.

The output layer starts at a tenth of that. The paper's targets are standardised, so a start of a few units is right;
ours are metres, and a coordinate deviates by 0.1 to 0.3. From the full start a short training spends its time on
shrinking the outputs, and the tanh of most of a mixture's means has no slope.

Known of SemGCN's row: 16 joints in, the 15 without the root out, 4,288,557 parameters, 200 epochs. Not known: how much
of the rest of that training follows Martinez et al.

With a mixture head it is the mixture network without a graph of Li and Lee, "Generating multiple hypotheses for 3D
human pose estimation with mixture density network", CVPR 2019. They give sigma and mixing weights outputs of their own,
where this head averages raw outputs over the joints; an average of linear outputs is again one linear output, so the
networks that can be expressed are the same. Ours keeps GraphMDN's tanh and the parameters of the averaged outputs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from pipeline.lifting.models.layers import Dropout, Parts, check_keypoints

if TYPE_CHECKING:
    from pipeline.config import ModelSettings
    from pipeline.lifting.outputs import PoseMixture

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
        """The block's result, given that of its first linear layer; [N, channels] both."""
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


class FullyConnected(nn.Module):
    """2D joints [B, J, 2], screen-normalised, to the head's result; the head takes [B, J, outputs].

    With `omit_root` the network has no outputs for joint 0, which is exactly 0 in the result; ValueError unless the
    head is a point head (nn.Identity, 3 outputs).
    """

    def __init__(
        self,
        joint_count: int,
        outputs: int,
        head: nn.Module,
        channels: int = 1024,
        blocks: int = 2,
        dropout: float = 0.5,
        omit_root: bool = False,
    ) -> None:
        super().__init__()
        if omit_root and (outputs != 3 or not isinstance(head, nn.Identity)):
            raise ValueError("omit_root needs a point head: in a mixture every joint has its outputs, the root too")
        self.joint_count = joint_count
        self.omit_root = omit_root
        self.input = nn.Linear(2 * joint_count, channels)
        self.input_normalisation = nn.BatchNorm1d(channels)
        self.blocks = nn.ModuleList(FullyConnectedBlock(channels, dropout) for _ in range(blocks))
        self.output = nn.Linear(channels, outputs * (joint_count - omit_root))
        self.dropout = Dropout(dropout)
        self.head = head
        start_linear(self.input)
        start_linear(self.output, OUTPUT_START)

    def raw(self, keypoints_2d: Tensor) -> Tensor:
        """Every joint's raw outputs, the head's input: [B, J, outputs]."""
        check_keypoints(keypoints_2d, self.joint_count)
        features = activate(self.input(keypoints_2d.flatten(1)), self.input_normalisation, self.dropout)
        for block in self.blocks:
            features = block(features)
        raw = self.output(features).unflatten(1, (self.joint_count - self.omit_root, -1))
        return nn.functional.pad(raw, (0, 0, 1, 0)) if self.omit_root else raw

    def forward(self, keypoints_2d: Tensor) -> Tensor | PoseMixture:
        return self.head(self.raw(keypoints_2d))


def build(settings: ModelSettings, parts: Parts) -> nn.Module:
    """The network of a variant's settings."""
    return FullyConnected(
        parts.skeleton.joint_count,
        parts.outputs,
        parts.head,
        channels=settings.channels,
        blocks=settings.blocks,
        dropout=settings.dropout,
        omit_root=settings.omit_root,
    )
