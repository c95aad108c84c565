"""Stacked hourglasses (Newell et al. 2016) in CornerNet's and CenterNet's build: LargeHG, SmallHG and XSmallHG.

An hourglass halves the grid level by level and then doubles it again; at every level a branch that keeps the grid is
added on the way back. CenterNet's build differs from Newell's: it has convolutions of stride 2 instead of pooling, and
widths that grow with depth. MDN offset, Section 4: SmallHG has convolutions instead of residual layers, and XSmallHG
also "one layer less" in each level. No code of these two was released. Here the layers inside the hourglasses change,
and those before and between them do not, which gives 101,426,420 and 58,640,116 weights with the pose heads.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Literal

from torch import Tensor, nn

from pipeline.detection import STRIDE

if TYPE_CHECKING:
    from pipeline.config.presets import SmallNetworks

Layers = Literal["residual", "convolution"]
WIDTHS = (256, 256, 384, 384, 384, 512)  # of LargeHG's levels, from the finest: Hourglass-104
MODULES = (2, 2, 2, 2, 2, 4)  # layers per level


class Convolution(nn.Module):
    """Convolution without bias, batch norm, ReLU."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1, kernel: int = 3) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
        self.normalisation = nn.BatchNorm2d(outputs)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, values: Tensor) -> Tensor:
        return self.activation(self.normalisation(self.convolution(values)))


class Residual(nn.Module):
    """Two 3x3 convolutions and a shortcut, a 1x1 convolution where the width or the grid changes."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.first_normalisation = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.second_normalisation = nn.BatchNorm2d(outputs)
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inputs != outputs:
            self.shortcut = projection(inputs, outputs, stride)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, values: Tensor) -> Tensor:
        inner = self.activation(self.first_normalisation(self.first(values)))
        return self.activation(self.second_normalisation(self.second(inner)) + self.shortcut(values))


LAYERS: dict[Layers, type[Residual] | type[Convolution]] = {"residual": Residual, "convolution": Convolution}


def projection(inputs: int, outputs: int, stride: int = 1) -> nn.Sequential:
    """1x1 convolution without bias, and batch norm."""
    return nn.Sequential(nn.Conv2d(inputs, outputs, 1, stride, bias=False), nn.BatchNorm2d(outputs))


class Level(nn.Module):
    """One level of an hourglass and, inside it, the coarser ones. [B, widths[0], G, G] -> same shape."""

    def __init__(
        self, widths: Sequence[int], modules: Sequence[int], layer: type[Residual] | type[Convolution]
    ) -> None:
        super().__init__()
        fine, coarse, count = widths[0], widths[1], modules[0]
        self.branch = nn.Sequential(*(layer(fine, fine) for _ in range(count)))
        self.down = nn.Sequential(layer(fine, coarse, 2), *(layer(coarse, coarse) for _ in range(count - 1)))
        if len(widths) > 2:
            self.inner: nn.Module = Level(widths[1:], modules[1:], layer)
        else:
            self.inner = nn.Sequential(*(layer(coarse, coarse) for _ in range(modules[1])))
        self.up = nn.Sequential(*(layer(coarse, coarse) for _ in range(count - 1)), layer(coarse, fine))
        self.larger = nn.Upsample(scale_factor=2, mode="nearest")

    def forward(self, values: Tensor) -> Tensor:
        return self.branch(values) + self.larger(self.up(self.inner(self.down(values))))


class Hourglass(nn.Module):
    """Images [B, 3, S, S] -> features [B, width, S / 4, S / 4] of each stack; S a multiple of `divisor`.

    `widths` and `modules`: of the levels, from the finest; two levels or more. The stem before them is a 7x7
    convolution of stride 2 with half the first width, and a residual layer of stride 2 with the first width, which is
    also the features' width. Raises ValueError for sizes that do not halve evenly.
    """

    def __init__(
        self,
        widths: Sequence[int] = WIDTHS,
        modules: Sequence[int] = MODULES,
        stacks: int = 2,
        layers: Layers = "residual",
    ) -> None:
        super().__init__()
        if len(widths) != len(modules) or len(widths) < 2 or min(modules) < 1:
            raise ValueError(
                f"widths {tuple(widths)} and modules {tuple(modules)}: expected equally many, at least two, each from 1"
            )
        layer, width = LAYERS[layers], widths[0]
        self.width, self.divisor = width, STRIDE * 2 ** (len(widths) - 1)
        self.stack_count = stacks
        self.stem = nn.Sequential(Convolution(3, width // 2, 2, 7), Residual(width // 2, width, 2))
        self.stacks = nn.ModuleList(Level(widths, modules, layer) for _ in range(stacks))
        self.outputs = nn.ModuleList(Convolution(width, width) for _ in range(stacks))
        joints = range(stacks - 1)
        self.from_inputs = nn.ModuleList(projection(width, width) for _ in joints)
        self.from_outputs = nn.ModuleList(projection(width, width) for _ in joints)
        self.between = nn.ModuleList(Residual(width, width) for _ in joints)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, images: Tensor) -> list[Tensor]:
        """In evaluation mode a list with the last stack's features only."""
        if images.shape[-1] % self.divisor or images.shape[-2] % self.divisor:
            raise ValueError(f"images {list(images.shape)}: expected sizes that are multiples of {self.divisor}")
        values, features = self.stem(images), []
        for stack, (hourglass, output) in enumerate(zip(self.stacks, self.outputs, strict=True)):
            features.append(output(hourglass(values)))
            if stack < len(self.stacks) - 1:
                joined = self.from_inputs[stack](values) + self.from_outputs[stack](features[-1])
                values = self.between[stack](self.activation(joined))
        return features if self.training else features[-1:]


def build(architecture: str, networks: SmallNetworks | None) -> Hourglass:
    """XSmallHG has one module less per level than SmallHG; with one module per level it has one level less instead."""
    widths: Sequence[int] = WIDTHS
    modules: Sequence[int] = MODULES
    stacks = 2
    if networks:
        widths, stacks = [int(width) for width in networks.widths], networks.stacks
        modules = [networks.modules] * len(widths)
    if architecture == "large_hourglass":
        return Hourglass(widths, modules, stacks)
    if architecture == "extra_small_hourglass":
        if min(modules) > 1:
            modules = [count - 1 for count in modules]
        elif len(widths) > 2:
            widths, modules = widths[:-1], modules[:-1]
    return Hourglass(widths, modules, stacks, "convolution")
