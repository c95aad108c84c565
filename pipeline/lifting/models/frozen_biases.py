"""Biases in front of a batch norm, kept as they start: `model.bias_before_norm: frozen`.

Batch norm subtracts its input's mean, so a bias in front of it changes nothing, and its gradient is 0. Its computed
gradient is rounding noise. Adam divides it by its own size, and the bias moves by steps of the usual size, which the
running mean follows late (training/batch_norm.py). The authors' networks train these biases, and so do ours by default.
"""

from __future__ import annotations

from torch import nn

from pipeline.lifting.models.semgcn import GraphBlock, NonLocal


def freeze(model: nn.Module) -> None:
    """Take the gradient from the bias of every layer of a graph network that a batch norm follows."""
    for module in model.modules():
        if isinstance(module, GraphBlock):
            module.convolution.bias.requires_grad_(False)
        elif isinstance(module, NonLocal):
            module.output.bias.requires_grad_(False)
