"""What a CenterNet minimises, put together from its heads and the targets (MDN offset, Eq. 6; Mixture Dense, Eq. 6)."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from pipeline.config import modules
from pipeline.config.detection import DetectionVariant
from pipeline.detection.losses import focal_loss, masked_l1
from pipeline.detection.models.centernet import heads_at_centers, size_of_category
from pipeline.detection.targets import Targets

if TYPE_CHECKING:
    from pipeline.detection.models import CenterNet


# Which of a variant's weights a term has.
WEIGHTS = {
    "center": "center",
    "center_offset": "offset",
    "size": "size",
    "regression": "regression",
    "keypoint_heatmap": "keypoint_heatmap",
    "keypoint_local_offset": "offset",
}


def loss_terms(
    variant: DetectionVariant, model: CenterNet, features: list[Tensor], targets: Targets, sigma_factor: float = 1.0
) -> dict[str, Tensor]:
    """The loss as named scalar terms, weighted; their sum is minimised.

    `features` are those of all stacks; every term is the mean over them, except that the mixture's is the last stack's
    alone, divided by the number of stacks, unless `head.stacks` is "all". Terms: `center`, `center_offset`, `size` (for
    boxes with a mixture its term) and, of poses, `regression` (L1 on keypoint offsets, or the mixture's term),
    `keypoint_heatmap`, `keypoint_local_offset`.
    """
    stacks = len(features)
    sums: dict[str, Tensor] = {}
    for stack in range(stacks):
        likelihood = stack == stacks - 1 or not variant.mixture or variant.head.stacks == "all"
        for name, term in _terms_of_stack(variant, model, features, stack, targets, sigma_factor, likelihood).items():
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
) -> dict[str, Tensor]:
    """One stack's terms without their weights; the mixture's only with `likelihood`."""
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
        terms["regression" if variant.task == "pose" else "size"] = _regression(variant, rows, targets, sigma_factor)
    return terms


def _regression(variant: DetectionVariant, rows: Mapping[str, Tensor], targets: Targets, sigma_factor: float) -> Tensor:
    """The term of what this variant regresses: keypoint offsets [P, 17, 2], or the size as one point [P, 1, 2]."""
    if variant.task == "pose":
        prediction, points, mask = rows["keypoint_offsets"], targets.keypoint_offset, targets.keypoint_mask
    else:
        prediction, points = rows["size"], targets.size[:, None]
        mask = torch.ones(points.shape[:2], dtype=torch.bool, device=points.device)
    if variant.mixture:
        loss = importlib.import_module(modules.MIXTURE_LOSS)
        term: Tensor = loss.regression(rows, prediction, points, mask, variant.head, sigma_factor)
        return term
    if variant.head.per_category:
        prediction = size_of_category(prediction, targets.category)
    return masked_l1(prediction.reshape(points.shape), points, mask[..., None])
