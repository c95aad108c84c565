"""Local maxima of heatmaps, and the heads' values there. Shapes: B images, N peaks per image, G x G cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import torch
from torch import Tensor
from torch.nn import functional

if TYPE_CHECKING:
    from pipeline.detection.models import CenterNet


class Heads(Protocol):
    """A network's raw output for B images, whole or at some cells only."""

    def maps(self) -> Mapping[str, Tensor]:
        """`center` [B, C, G, G] and, of poses, `keypoint_heatmap` [B, 17, G, G]: logits."""

    def at(self, image: Tensor, cell: Tensor, names: Sequence[str]) -> Mapping[str, Tensor]:
        """The other heads' channels [P, channels] at cells [P] (y G + x) of images [P]."""


class NetworkHeads:
    """The last stack's heads of a network, computed only at the cells that are asked for."""

    def __init__(self, model: CenterNet, features: list[Tensor]) -> None:
        self._model, self._features = model, features
        self._maps: Mapping[str, Tensor] | None = None

    def maps(self) -> Mapping[str, Tensor]:
        if self._maps is None:
            self._maps = self._model.maps(self._features)
        return self._maps

    def at(self, image: Tensor, cell: Tensor, names: Sequence[str]) -> Mapping[str, Tensor]:
        return self._model.at(self._features, image, cell, names)


class MapHeads:
    """Heads as full maps [B, channels, G, G]: of an exported network, or made from the truth."""

    def __init__(self, maps: Mapping[str, Tensor]) -> None:
        self._maps = maps

    def maps(self) -> Mapping[str, Tensor]:
        return self._maps

    def at(self, image: Tensor, cell: Tensor, names: Sequence[str]) -> Mapping[str, Tensor]:
        return {name: self._maps[name].flatten(2)[image, :, cell] for name in names}


@dataclass(frozen=True, eq=False)
class Peaks:
    """The N highest local maxima of each image's heatmaps, highest first; where there are fewer, the rest score 0."""

    score: Tensor  # [B, N] 0 to 1
    channel: Tensor  # [B, N]
    cell: Tensor  # [B, N] y G + x


def find_peaks(heat: Tensor, limit: int = 100) -> Peaks:
    """The `limit` highest local maxima of probabilities [B, C, G, G], over all channels.

    A cell is a peak if no neighbour in its 3 x 3 square is higher, so equal neighbours are all peaks, as in CenterNet's
    max-pool suppression. Equal peaks are in the order of channel and cell.
    """
    highest = functional.max_pool2d(heat, kernel_size=3, stride=1, padding=1)
    flat = torch.where(heat == highest, heat, 0.0).flatten(1)
    score, index = flat.topk(min(limit, flat.shape[1]), dim=1)
    order = index.argsort(dim=1)
    order = order.take_along_dim(score.take_along_dim(order, 1).argsort(dim=1, descending=True, stable=True), 1)
    score, index = score.take_along_dim(order, 1), index.take_along_dim(order, 1)
    cells = heat.shape[-2] * heat.shape[-1]
    return Peaks(score, index // cells, index % cells)


def rows_at(heads: Heads, cell: Tensor, names: Sequence[str]) -> dict[str, Tensor]:
    """The heads' channels [B N, channels] at cells [B, N]."""
    batch, count = cell.shape
    image = torch.arange(batch, device=cell.device).repeat_interleave(count)
    return {name: row.float() for name, row in heads.at(image, cell.flatten(), names).items()}


def positions(cell: Tensor, grid: int) -> Tensor:
    """Whole-number coordinates x, y [..., 2] of cells [...], in cells, as float32."""
    return torch.stack([cell % grid, cell // grid], dim=-1).float()


def mirrored_cells(cell: Tensor, grid: int) -> Tensor:
    """Where cells [...] lie in the mirror image."""
    return cell // grid * grid + grid - 1 - cell % grid
