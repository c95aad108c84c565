"""Soft non-maximum suppression (Bodla et al., 2017): overlapping objects are scored lower, none is removed outright."""

from __future__ import annotations

import torch
from torch import Tensor

LOWEST_SCORE = 0.001


def soft_nms(
    boxes: Tensor, score: Tensor, category: Tensor, keep: int = 100, spread: float = 0.5
) -> tuple[Tensor, Tensor]:
    """Gaussian soft-NMS in B images: the `keep` best of M objects, and their new scores, both [B, min(keep, M)].

    `boxes` [B, M, 4] x0 y0 x1 y1 px, `score` [B, M], `category` [B, M]. As in CenterNet's code (method 2): the best
    object that is left is picked, and every other one of its category that overlaps it is scored exp(-IoU^2 / spread)
    times as high; below 0.001 it is gone. IoU is of whole pixels (widths count 1 more than x1 - x0). Scores of picks
    only fall, so the best `keep` are the first; the loop is over picks, never over images. Where nothing is left the
    score is 0 and the index any.
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
    """IoU of one box [B, 1, 4] an image with all others [B, M, 4]: [B, M]."""
    low, high = torch.maximum(box[..., :2], boxes[..., :2]), torch.minimum(box[..., 2:], boxes[..., 2:])
    shared = (high - low + 1).clamp_min(0).prod(dim=-1)
    return shared / (_area(box) + _area(boxes) - shared).clamp_min(1e-6)


def _area(boxes: Tensor) -> Tensor:
    return (boxes[..., 2:] - boxes[..., :2] + 1).clamp_min(0).prod(dim=-1)
