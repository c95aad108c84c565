"""Soft non-maximum suppression (Bodla et al. 2017): the scores of overlapping objects are lowered, none is removed."""

from __future__ import annotations

import torch
from torch import Tensor

LOWEST_SCORE = 0.001


def soft_nms(
    boxes: Tensor, score: Tensor, category: Tensor, keep: int = 100, spread: float = 0.5
) -> tuple[Tensor, Tensor]:
    """Gaussian soft-NMS in B images: the `keep` best of M objects, and their new scores, both [B, min(keep, M)].

    `boxes` [B, M, 4] x0 y0 x1 y1 px, `score` [B, M], `category` [B, M]. As in CenterNet's code (method 2): the best
    remaining object is picked, and the scores of all others of its category that overlap it are multiplied by
    exp(-IoU^2 / spread); a score below 0.001 becomes 0. IoU is of whole pixels (widths are x1 - x0 + 1). Scores only
    fall, so the first `keep` picks are the best; the loop is over picks, not over images. Where no object remains the
    score is 0 and the index arbitrary.
    """
    remaining = score.clone()
    indices, scores = [], []
    for _ in range(min(keep, boxes.shape[1])):
        best, index = remaining.max(dim=1, keepdim=True)
        indices.append(index)
        scores.append(best)
        overlap = _overlap(boxes.take_along_dim(index.unsqueeze(-1), dim=1), boxes)
        rival = (category == category.take_along_dim(index, dim=1)) & (overlap > 0)
        lower = remaining * torch.exp(-overlap.square() / spread)
        lower = lower.masked_fill(lower < LOWEST_SCORE, 0.0)
        remaining = torch.where(rival, lower, remaining).scatter(1, index, 0.0)
    if not indices:
        return torch.zeros_like(score[:, :0], dtype=torch.int64), score[:, :0]
    return torch.cat(indices, dim=1), torch.cat(scores, dim=1)


def _overlap(box: Tensor, boxes: Tensor) -> Tensor:
    """IoU [B, M] of one box per image [B, 1, 4] with all boxes [B, M, 4]."""
    low, high = torch.maximum(box[..., :2], boxes[..., :2]), torch.minimum(box[..., 2:], boxes[..., 2:])
    shared = (high - low + 1).clamp_min(0).prod(dim=-1)
    return shared / (_area(box) + _area(boxes) - shared).clamp_min(1e-6)


def _area(boxes: Tensor) -> Tensor:
    return (boxes[..., 2:] - boxes[..., :2] + 1).clamp_min(0).prod(dim=-1)
