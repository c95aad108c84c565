"""The terms that every CenterNet has, each a scalar: focal loss of heatmaps, masked L1.

In detail as the authors' code has them, which the papers do not print.
"""

from __future__ import annotations

import torch
from torch import Tensor

LOWEST_PROBABILITY = 1e-4


def focal_loss(logits: Tensor, heatmap: Tensor) -> Tensor:
    """CornerNet's focal loss (alpha 2, beta 4) of heatmaps, both [B, C, G, G]; a scalar.

    A cell of `heatmap` that is exactly 1 is positive; others count less the nearer they are to 1. The sum over all
    cells is divided by the number of positives, by nothing where there are none.
    """
    _check(logits, heatmap)
    probability = logits.float().sigmoid().clamp(LOWEST_PROBABILITY, 1 - LOWEST_PROBABILITY)
    positive = heatmap == 1
    log_likelihood = torch.where(
        positive,
        probability.log() * (1 - probability).square(),
        (1 - probability).log() * probability.square() * (1 - heatmap).pow(4),
    )
    return -log_likelihood.sum() / positive.sum().clamp_min(1)


def masked_l1(prediction: Tensor, target: Tensor, mask: Tensor | None = None) -> Tensor:
    """Absolute errors where `mask` is True, summed and divided by 1e-4 + the number of such coordinates; a scalar.

    `prediction` and `target` [P, ...]; `mask` has the same shape, or 1 for a dimension that it does not distinguish;
    None for all. What the target holds elsewhere, even NaN, has no influence.
    """
    _check(prediction, target)
    error = prediction.float() - target
    if mask is None:
        return error.abs().sum() / (error.numel() + 1e-4)
    mask = mask.expand_as(error)
    return error.masked_fill(~mask, 0.0).abs().sum() / (mask.sum() + 1e-4)


def _check(prediction: Tensor, target: Tensor) -> None:
    if prediction.shape != target.shape:
        raise ValueError(f"prediction {list(prediction.shape)} and target {list(target.shape)} differ in shape")
