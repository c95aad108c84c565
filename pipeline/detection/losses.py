"""What a CenterNet minimises (MDN offset, Eq. 6; Mixture Dense, Eq. 6), and its terms.

The papers do not print the details; they are those of the authors' code. Shapes: B images, P objects, n regressed
points of an object (17 keypoints, or one for a box's size), K mixture components, G x G cells.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from pipeline.config import modules
from pipeline.config.detection import DetectionHead, DetectionVariant
from pipeline.detection.models.centernet import factors_of, heads_at_centers, mixture_of, size_of_category
from pipeline.detection.targets import Targets
from pipeline.mixture import GaussianMixture
from pipeline.training.moment import Done

if TYPE_CHECKING:
    from pipeline.detection.models import CenterNet

LOWEST_PROBABILITY = 1e-4
# The setting that has each term's weight.
WEIGHTS = {
    "center": "center",
    "center_offset": "offset",
    "size": "size",
    "regression": "regression",
    "keypoint_heatmap": "keypoint_heatmap",
    "keypoint_local_offset": "offset",
}


def loss_terms(
    variant: DetectionVariant,
    model: CenterNet,
    features: list[Tensor],
    targets: Targets,
    sigma_factor: float = 1.0,
    done: Done | None = None,
) -> dict[str, Tensor]:
    """The loss as named scalar terms, weighted; their sum is minimised.

    `features`: of all stacks. Every term is the mean over the stacks, except the mixture's: that is the last stack's
    alone, divided by the number of stacks, unless `head.stacks` is "all". Terms: `center`, `center_offset`, `size` (for
    boxes with a mixture its term) and, for poses, `regression` (L1 of keypoint offsets, or the mixture's term),
    `keypoint_heatmap`, `keypoint_local_offset`.

    `done` is the share of the training that is done, from 0 to 1. A mixture's own `head.likelihood` (remedies.py)
    counts in training only: without `done` the mixture's term is the plain likelihood.
    """
    stacks = len(features)
    sums: dict[str, Tensor] = {}
    for stack in range(stacks):
        likelihood = stack == stacks - 1 or not variant.mixture or variant.head.stacks == "all"
        terms = _terms_of_stack(variant, model, features, stack, targets, sigma_factor, likelihood, done)
        for name, term in terms.items():
            sums[name] = sums[name] + term if name in sums else term
    return {name: getattr(variant.loss, WEIGHTS[name]) / stacks * term for name, term in sums.items()}


def _terms_of_stack(
    variant: DetectionVariant,
    model: CenterNet,
    features: list[Tensor],
    stack: int,
    targets: Targets,
    sigma_factor: float,
    likelihood: bool,
    done: Done | None,
) -> dict[str, Tensor]:
    """The unweighted terms of one stack; the mixture's only with `likelihood`."""
    names: tuple[str, ...] = heads_at_centers(variant.task, variant.head)
    if variant.mixture and not likelihood:
        names = ("center_offset", "size") if variant.task == "pose" else ("center_offset",)
    rows = model.at(features, targets.image, targets.cell, names, stack)
    maps = model.maps(features, stack)
    regressed = None if targets.regressed is None else targets.regressed[:, None]
    terms = {
        "center": focal_loss(maps["center"], targets.center_heatmap),
        "center_offset": masked_l1(rows["center_offset"], targets.center_offset, regressed),
    }
    if variant.task == "pose":
        assert targets.keypoint_heatmap is not None
        local = model.at(features, targets.point_image, targets.point_cell, ("keypoint_local_offset",), stack)
        terms["size"] = masked_l1(rows["size"], targets.size, regressed)
        terms["keypoint_heatmap"] = focal_loss(maps["keypoint_heatmap"], targets.keypoint_heatmap)
        terms["keypoint_local_offset"] = masked_l1(local["keypoint_local_offset"], targets.point_offset)
    if likelihood or not variant.mixture:
        regression = _regression(variant, rows, targets, sigma_factor, done)
        terms["regression" if variant.task == "pose" else "size"] = regression
    return terms


def _regression(
    variant: DetectionVariant, rows: Mapping[str, Tensor], targets: Targets, sigma_factor: float, done: Done | None
) -> Tensor:
    """The term of the regressed points [P, n, 2]: keypoint offsets (n = 17), or the size as one point (n = 1)."""
    if variant.task == "pose":
        prediction, points, mask = rows["keypoint_offsets"], targets.keypoint_offset, targets.keypoint_mask
    else:
        prediction, points = rows["size"], targets.size[:, None]
        mask = torch.ones(points.shape[:2], dtype=torch.bool, device=points.device)
    if variant.mixture:  # by name, so that variants without a mixture do not depend on its code
        of_mixture = (rows, prediction, points, mask, variant.head, sigma_factor)
        if done is not None and variant.head.likelihood:
            in_training = modules.load(modules.MIXTURE_TERMS_IN_TRAINING[variant.head.likelihood.kind])
            return in_training(*of_mixture, done)
        return modules.load(modules.MIXTURE_TERM)(*of_mixture)
    if variant.head.per_category:
        prediction = size_of_category(prediction, targets.category)
    return masked_l1(prediction.reshape(points.shape), points, mask[..., None])


def focal_loss(logits: Tensor, heatmap: Tensor) -> Tensor:
    """CornerNet's focal loss (alpha 2, beta 4) of heatmaps, both [B, C, G, G]; a scalar.

    A cell of `heatmap` that is exactly 1 is positive; others count less the nearer they are to 1. The sum over all
    cells is divided by the number of positives if there are any.
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

    `prediction` and `target` [P, ...]; `mask` has the same shape, or 1 in dimensions that it does not distinguish;
    None: all count. Targets outside the mask, even NaN, have no influence.
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


def mixture_term(
    rows: Mapping[str, Tensor],
    prediction: Tensor,
    points: Tensor,
    mask: Tensor,
    head: DetectionHead,
    sigma_factor: float,
) -> Tensor:
    """`mixture_loss` of points [P, n, 2], of which `mask` [P, n] count, from the heads' rows and means `prediction`."""
    mixture = mixture_of(rows, prediction, head, sigma_factor)
    return mixture_loss(mixture, points, mask, factors_of(head, points.shape[1], mixture.scales))


def mixture_loss(mixture: GaussianMixture, target: Tensor, mask: Tensor, factors: Tensor) -> Tensor:
    """The mixture's negative log-likelihood (MDN offset, Eq. 5; Mixture Dense, Eq. 5) of P objects; a scalar, in nats.

    `mixture` over 2 n coordinates; `target` [P, n, 2] in cells; points outside `mask` [P, n] are left out. `factors`
    [n] multiply sigma in the mixture's scales. The normaliser in the code has sigma alone, without V, so their
    logarithms are added back; this changes no gradient. The sum over the objects that have a point is divided by 1 +
    the number of these objects.
    """
    return average_nll(-mixture.log_prob(target.flatten(1), mask.repeat_interleave(2, dim=1)), mask, factors)


def average_nll(losses: Tensor, mask: Tensor, factors: Tensor) -> Tensor:
    """Negative log-likelihoods [P] less the factors' logarithms, averaged as `mixture_loss` says; a scalar."""
    losses = losses - 2 * (mask * factors.log()).sum(dim=1)
    counted = mask.any(dim=1)
    return losses.masked_fill(~counted, 0.0).sum() / (1 + counted.sum())
