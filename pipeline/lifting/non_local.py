"""Which non-local layers of a network are dead: what they add to the features is the same for every pose.

The affinity of a non-local layer is a ReLU. Where its argument is negative for every pair of joints of every pose, no
gradient reaches the layer any more, and only the constant shift of its batch norm is left.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from pipeline.lifting.results import NonLocalLayers

CONSTANT = 1.0e-5  # of the features' largest value: the largest difference that may be rounding


class Watched:
    """The non-local layers that have seen a batch, by name, and whether they were alive in it."""

    def __init__(self) -> None:
        self.alive: dict[str, bool] = {}

    @torch.no_grad()
    def look(self, name: str, layer: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> None:
        """A layer's output [B, J, C] for features of the same shape."""
        added = output - inputs[0]
        spread = (added.amax(dim=0) - added.amin(dim=0)).max()
        alive = bool(spread > CONSTANT * output.abs().max())
        self.alive[name] = self.alive.get(name, False) or alive

    @property
    def result(self) -> NonLocalLayers | None:
        """None if no such layer has seen a batch."""
        if not self.alive:
            return None
        dead = [name for name, alive in self.alive.items() if not alive]
        return NonLocalLayers(layers=len(self.alive), dead=len(dead), names=dead)


@contextmanager
def watch(model: nn.Module) -> Iterator[Watched]:
    """Watch the non-local layers of a model in the batches that it sees within the block; two poses a batch or more."""
    watched = Watched()
    layers = {name: layer for name, layer in model.named_modules() if getattr(layer, "is_non_local", False)}
    hooks = [layer.register_forward_hook(partial(watched.look, name)) for name, layer in layers.items()]
    try:
        yield watched
    finally:
        for hook in hooks:
            hook.remove()
