"""DLA-34 (Yu et al. 2018) with deformable convolutions on the way up, as in CenterNet: the papers' DLA34.

Each of the four coarsest of six levels is a tree of residual blocks, whose outputs are joined by roots (1x1
convolutions of their concatenation). Then coarser levels are upsampled and added to finer ones, two neighbours at a
time, until the level of stride 4 combines all. 20,112,346 weights with the pose heads. Levels of two trees have a
projection that nothing reads; it is in the authors' files and so is kept here, without a gradient.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from pipeline.detection.models.deformable import DeformableLayer

if TYPE_CHECKING:
    from pipeline.config.presets import SmallNetworks

WIDTHS = (16, 32, 64, 128, 256, 512)  # of the levels, strides 1, 2, 4, 8, 16, 32
DEPTHS = {2: 1, 3: 2, 4: 2, 5: 1}  # of the trees, by level
FIRST = 2  # the finest level whose features are used, of stride 4


class Block(nn.Module):
    """Two 3x3 convolutions and a shortcut, which the tree computes."""

    def __init__(self, inputs: int, outputs: int, stride: int = 1) -> None:
        super().__init__()
        self.first = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.first_normalisation = nn.BatchNorm2d(outputs)
        self.second = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.second_normalisation = nn.BatchNorm2d(outputs)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, values: Tensor, shortcut: Tensor | None = None) -> Tensor:
        inner = self.activation(self.first_normalisation(self.first(values)))
        shortcut = values if shortcut is None else shortcut
        return self.activation(self.second_normalisation(self.second(inner)) + shortcut)


class Root(nn.Module):
    """A 1x1 convolution of the concatenated outputs of a tree's parts."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.convolution = nn.Conv2d(inputs, outputs, 1, bias=False)
        self.normalisation = nn.BatchNorm2d(outputs)
        self.activation = nn.ReLU(inplace=True)

    def forward(self, *parts: Tensor) -> Tensor:
        return self.activation(self.normalisation(self.convolution(torch.cat(parts, 1))))


class Tree(nn.Module):
    """Two blocks and a root, or (depth 2) two such trees, where the second's root also reads the first's output.

    With `with_input` the root also reads the pooled input. [B, inputs, H, W] -> [B, outputs, H / stride, W / stride].
    """

    def __init__(
        self, depth: int, inputs: int, outputs: int, stride: int = 1, with_input: bool = False, more: int = 0
    ) -> None:
        super().__init__()
        width = 2 * outputs + more + (inputs if with_input else 0)
        self.depth, self.with_input = depth, with_input
        if depth == 1:
            self.first: nn.Module = Block(inputs, outputs, stride)
            self.second: nn.Module = Block(outputs, outputs)
            self.root = Root(width, outputs)
        else:
            self.first = Tree(depth - 1, inputs, outputs, stride)
            self.second = Tree(depth - 1, outputs, outputs, more=width - outputs)
        self.pool: nn.Module = nn.MaxPool2d(stride, stride) if stride > 1 else nn.Identity()
        self.project: nn.Module = nn.Identity()
        if inputs != outputs:
            self.project = nn.Sequential(nn.Conv2d(inputs, outputs, 1, bias=False), nn.BatchNorm2d(outputs))

    def forward(self, values: Tensor, parts: Sequence[Tensor] = ()) -> Tensor:
        pooled = self.pool(values)
        parts = (*parts, pooled) if self.with_input else tuple(parts)
        if self.depth > 1:
            first = self.first(values)
            return self.second(first, (*parts, first))
        first = self.first(values, self.project(pooled))
        return self.root(self.second(first), first, *parts)


def _layer(inputs: int, outputs: int, stride: int = 1, kernel: int = 3) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


class Base(nn.Module):
    """Images [B, 3, S, S] -> six levels [B, widths[l], S / 2^l, S / 2^l]."""

    def __init__(self, widths: Sequence[int]) -> None:
        super().__init__()
        self.stem = _layer(3, widths[0], kernel=7)
        levels: list[nn.Module] = [_layer(widths[0], widths[0]), _layer(widths[0], widths[1], 2)]
        for level, depth in DEPTHS.items():
            levels.append(Tree(depth, widths[level - 1], widths[level], 2, with_input=level > FIRST))
        self.levels = nn.ModuleList(levels)

    def forward(self, images: Tensor) -> list[Tensor]:
        values, found = self.stem(images), []
        for level in self.levels:
            values = level(values)
            found.append(values)
        return found


class Upward(nn.Module):
    """Upsamples coarser maps to the grid and width of the first map; each is added to the result before it.

    Maps [B, widths[i], H / factors[i], W / factors[i]] -> as many [B, width, H, W]; the first is passed unchanged.
    """

    def __init__(self, width: int, widths: Sequence[int], factors: Sequence[int]) -> None:
        super().__init__()
        self.project = nn.ModuleList(DeformableLayer(coarse, width) for coarse in widths)
        self.larger = nn.ModuleList(_bilinear(width, factor) for factor in factors)
        self.join = nn.ModuleList(DeformableLayer(width, width) for _ in widths)

    def forward(self, maps: Sequence[Tensor]) -> list[Tensor]:
        found = [maps[0]]
        for project, larger, join, coarse in zip(self.project, self.larger, self.join, maps[1:], strict=True):
            found.append(join(larger(project(coarse)) + found[-1]))
        return found


def _bilinear(width: int, factor: int) -> nn.ConvTranspose2d:
    """Transposed convolution per channel, initially bilinear upsampling."""
    size = 2 * factor
    layer = nn.ConvTranspose2d(width, width, size, factor, factor // 2, groups=width, bias=False)
    middle = (2 * factor - 1 - factor % 2) / (2 * factor)
    line = 1 - (torch.arange(size) / factor - middle).abs()
    with torch.no_grad():
        layer.weight.copy_((line[:, None] * line).expand_as(layer.weight))
    return layer


class DLA34(nn.Module):
    """Images [B, 3, S, S] -> a list of one: features [B, widths[2], S / 4, S / 4]; S a multiple of 32.

    Raises ValueError on other sizes. `widths`: of the six levels.
    """

    stack_count = 1

    def __init__(self, widths: Sequence[int] = WIDTHS) -> None:
        super().__init__()
        self.base = Base(widths)
        self.width, self.divisor = widths[FIRST], 2 ** (len(widths) - 1)
        steps = range(len(widths) - 2, FIRST - 1, -1)  # 4, 3, 2: the finest level that is reached
        self.upward = nn.ModuleList()
        for level in steps:
            coarser = len(widths) - 1 - level
            inputs = [widths[level + 1]] * coarser
            self.upward.append(Upward(widths[level], inputs, [2] * coarser))
        read = range(FIRST + 1, len(widths) - 1)
        factors = [2 ** (level - FIRST) for level in read]
        self.together = Upward(self.width, [widths[level] for level in read], factors)

    def forward(self, images: Tensor) -> list[Tensor]:
        if images.shape[-1] % self.divisor or images.shape[-2] % self.divisor:
            raise ValueError(f"images {list(images.shape)}: expected sizes that are multiples of {self.divisor}")
        levels = self.base(images)
        maps = [levels[-1]]
        reached: list[Tensor] = []
        for level, upward in zip(range(len(levels) - 2, FIRST - 1, -1), self.upward, strict=True):
            maps = upward([levels[level], *maps])
            reached.insert(0, maps[-1])  # of strides 4, 8, 16
        return [self.together(reached)[-1]]


def build(architecture: str, networks: SmallNetworks | None) -> DLA34:
    return DLA34(networks.dla_widths if networks else WIDTHS)
