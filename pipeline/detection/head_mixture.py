"""From the heads' raw numbers at P objects to mixtures over what is regressed: 17 keypoint offsets, or one box's size.

A mixture has one sigma for x and one for y a component; a keypoint's scale is sigma times COCO's factor V_k, as in the
authors' code, or sigma / V_k, as both papers print (`keypoint_factors`). Boxes are one "keypoint", (width, height),
with V = 1. All lengths are in cells of the output grid. MDN offset, Eq. 2 to 5; Mixture Dense, Eq. 2 to 4.

The authors' code clamps mixing weights to [1e-4, 1 - 1e-4] after softmax, without normalising them again; here they
are a log-softmax (pipeline/mixture.py), which needs no clamp.
"""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from pipeline.config.detection import DetectionHead
from pipeline.geometry import coco_keypoints
from pipeline.mixture import GaussianMixture

LOWEST_SIGMA, HIGHEST_SIGMA = 1e-4, 1e5
FLOOR_ABOVE_ZERO = 1.001  # a minimum above it is a floor of some cells; at or below, one near 0, whatever the grid


def minimum_sigma(head: DetectionHead, sigma_factor: float = 1.0) -> float:
    """The `minimum` of `sigma_of` for a head: what it states, times `sigma_factor` where the output grid is smaller.

    The true floor is minimum - 1, so a minimum above 1.001 stays above 1, and one at or below it (a floor near 0)
    stays as it is.
    """
    if head.minimum_sigma <= FLOOR_ABOVE_ZERO:
        return head.minimum_sigma
    return max(1.0 + LOWEST_SIGMA, head.minimum_sigma * sigma_factor)


def sigma_of(raw: Tensor, minimum: float, axes: str = "per_axis") -> Tensor:
    """Standard deviations in cells from the raw head [..., K, 2]: clamp(ELU(raw) + minimum, 1e-4, 1e5).

    `axes="shared"`: x and y have one sigma (Eq. 4 of both papers), that of the mean of their two raw numbers.
    """
    if axes == "shared":
        raw = raw.mean(dim=-1, keepdim=True).expand_as(raw)
    return (functional.elu(raw) + minimum).clamp(LOWEST_SIGMA, HIGHEST_SIGMA)


def log_weights(logits: Tensor, classifier: Tensor | None = None) -> Tensor:
    """Log weights of a mixture's components, dimension 1: log-softmax; over both regressors, with a classifier's logit.

    logits [P, K] or [B, K, G, G]; `classifier` [P, 1] or [B, 1, G, G]: the first half of the components has
    probability sigmoid(classifier), the second the rest, each half shared out by its own softmax (MDN offset,
    Section 4.4). The weights sum to 1.
    """
    if classifier is None:
        return functional.log_softmax(logits, 1)
    first, second = logits.chunk(2, 1)
    return torch.cat(
        (
            functional.logsigmoid(classifier) + functional.log_softmax(first, 1),
            functional.logsigmoid(-classifier) + functional.log_softmax(second, 1),
        ),
        1,
    )


def log_weights_of(rows: Mapping[str, Tensor]) -> Tensor:
    """Logarithms of the mixing weights [P, K] from the rows of `logits` and, with two regressors, `classifier`."""
    classifier = rows.get("classifier")
    return log_weights(rows["logits"].float(), None if classifier is None else classifier.float())


def factors_of(head: DetectionHead, points: int, like: Tensor) -> Tensor:
    """What sigma is multiplied by for each of the regressed points, [points]: V_k or 1 / V_k; 1 for a box."""
    if points == 1:
        return torch.ones(1, dtype=like.dtype, device=like.device)
    factors = torch.tensor(coco_keypoints.SIGMAS, dtype=like.dtype, device=like.device)
    return factors if head.keypoint_factors == "multiplied" else 1 / factors


def mixture_of(
    rows: Mapping[str, Tensor], means: Tensor, head: DetectionHead, sigma_factor: float = 1.0
) -> GaussianMixture:
    """The mixture at P objects over D = 2 n numbers (x, y of n points), in cells.

    `rows` has the raw `sigma` [P, 2 K], `logits` [P, K] and, with two regressors, `classifier` [P, 1]; `means`
    [P, 2 n K], component by component, is the head `keypoint_offsets` (n = 17) or `size` (n = 1).
    """
    components = rows["logits"].shape[-1]
    means = means.float().unflatten(-1, (components, -1, 2))
    raw = rows["sigma"].float().unflatten(-1, (components, 2))
    sigmas = sigma_of(raw, minimum_sigma(head, sigma_factor), head.axes)
    scales = sigmas.unsqueeze(-2) * factors_of(head, means.shape[-2], sigmas)[:, None]
    return GaussianMixture(means.flatten(-2), scales.flatten(-2), log_weights_of(rows))


def weights_and_sigmas(rows: Mapping[str, Tensor], head: DetectionHead, sigma_factor: float) -> tuple[Tensor, Tensor]:
    """Mixing weights [P, K] and standard deviations [P, K, 2] in cells, without the factors of keypoints."""
    raw = rows["sigma"].unflatten(-1, (head.total_components, 2))
    return log_weights_of(rows).exp(), sigma_of(raw, minimum_sigma(head, sigma_factor), head.axes)
