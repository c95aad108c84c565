"""CenterNet (Zhou et al. 2019): objects as peaks of a map of centres, everything else read at the peaks.

MDN offset and Mixture Dense Regression keep its networks and heads, and make what is regressed at a centre a mixture.
`build_model` makes a variant's network in its paper's size or, with `networks`, of the same build in small.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import torch
from torch import Tensor, nn

from pipeline.config import modules
from pipeline.detection.models.heads import LOW, MAPS, Head, head_channels, patches_at

if TYPE_CHECKING:
    from pipeline.config.detection import DetectionVariant
    from pipeline.config.presets import SmallNetworks
    from pipeline.detection.models.dla import DLA34
    from pipeline.detection.models.hourglass import Hourglass

STRIDE = 4  # px of the image per cell of the output grid
HIDDEN = 256  # a head's hidden width in the papers' networks


class CenterNet(nn.Module):
    """A backbone and, for each of its stacks, the variant's heads. Images [B, 3, S, S].

    S is a multiple of `divisor`. `head_names`: all heads; those of `map_names` are heatmaps' logits, the others are
    read at cells.
    """

    def __init__(
        self,
        variant: DetectionVariant,
        categories: int,
        backbone: Hourglass | DLA34,
        widths: tuple[int, int] = (HIDDEN, HIDDEN),
        sigma_start: float = 0.0,
    ) -> None:
        """`widths`: the hidden ones of heads that are maps, and of heads read at cells."""
        super().__init__()
        self.variant, self.categories, self.backbone = variant, categories, backbone
        self.stacks = backbone.stack_count
        self.divisor, self.head_names = backbone.divisor, tuple(head_channels(variant, categories))
        self.map_names = tuple(name for name in self.head_names if name in MAPS)
        starts = dict.fromkeys(MAPS, LOW) | {"sigma": sigma_start}
        self.heads = nn.ModuleList()
        for _ in range(self.stacks):
            heads = nn.ModuleDict()
            for name, channels in head_channels(variant, categories).items():
                heads[name] = Head(backbone.width, widths[name not in MAPS], channels, starts.get(name))
            self.heads.append(heads)

    def features(self, images: Tensor) -> list[Tensor]:
        """Features [B, F, S / 4, S / 4], one a stack; in evaluation mode of the last stack only."""
        return self.backbone(images.contiguous(memory_format=torch.channels_last))

    def maps(self, features: Sequence[Tensor], stack: int = -1) -> dict[str, Tensor]:
        """Logits [B, C, G, G] of `center` and, of poses, [B, 17, G, G] of `keypoint_heatmap`."""
        return self.whole(features, self.map_names, stack)

    def whole(self, features: Sequence[Tensor], names: Iterable[str], stack: int = -1) -> dict[str, Tensor]:
        """Maps [B, channels, G, G] of the heads `names`."""
        return {name: self.head(name, stack)(features[stack]) for name in names}

    def at(
        self, features: Sequence[Tensor], image: Tensor, cell: Tensor, names: Iterable[str], stack: int = -1
    ) -> dict[str, Tensor]:
        """Rows [P, channels] of the heads `names` at cells y * G + x of images `image`, both [P].

        The same numbers as the full maps' there, and the same gradients.
        """
        patches = patches_at(features[stack], image, cell)
        return {name: self.head(name, stack).at(patches) for name in names}

    def head(self, name: str, stack: int = -1) -> Head:
        """A stack's head."""
        heads = self.heads[stack]
        assert isinstance(heads, nn.ModuleDict)
        head = heads[name]
        assert isinstance(head, Head)
        return head

    def forward(self, images: Tensor) -> dict[str, Tensor]:
        """Full maps [B, channels, G, G] of all heads of the last stack."""
        return self.whole(self.features(images), self.head_names)


def build_model(
    variant: DetectionVariant, categories: int, networks: SmallNetworks | None = None, sigma_start: float = 0.0
) -> CenterNet:
    """The network of a variant, in the paper's size or (`networks`) in small. `sigma_start`: the raw sigma's bias.

    A start follows from torch's default generator. All is kept channels last in memory: a training step of a small
    hourglass takes 0.87 of the time, of a small DLA-34 0.94 (one CPU thread, batch 8, 64 px).
    """
    architecture = variant.architecture
    backbone = importlib.import_module(modules.BACKBONES[architecture]).build(architecture, networks)
    widths = (networks.map_width, networks.center_width) if networks else (HIDDEN, HIDDEN)
    model = CenterNet(variant, categories, backbone, widths, sigma_start)
    return model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # it is one of to's keywords
