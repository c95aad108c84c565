"""The likelihood of a mixture over what is regressed, the loss of both papers' mixtures.

In detail as the authors' code has it, which the papers do not print.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from pipeline.config.detection import DetectionHead
from pipeline.detection.head_mixture import factors_of, mixture_of
from pipeline.mixture import GaussianMixture


def mixture_loss(mixture: GaussianMixture, target: Tensor, mask: Tensor, factors: Tensor) -> Tensor:
    """The mixture term (MDN offset, Eq. 5; Mixture Dense, Eq. 5) of P objects; a scalar, in nats.

    `target` [P, n, 2] in cells, points that `mask` [P, n] lacks being left out; `mixture` over the 2 n numbers.
    `factors` [n] multiply sigma. The code's normaliser has sigma alone, without V, so their logarithms are added back:
    without effect on a gradient. Negative log-likelihoods are summed over the objects that have a point, and divided by
    1 + the number of these.
    """
    log_prob = mixture.log_prob(target.flatten(1), mask.repeat_interleave(2, dim=1))
    log_prob = log_prob + 2 * (mask * factors.log()).sum(dim=1)
    counted = mask.any(dim=1)
    return -log_prob.masked_fill(~counted, 0.0).sum() / (1 + counted.sum())


def regression(
    rows: Mapping[str, Tensor],
    prediction: Tensor,
    points: Tensor,
    mask: Tensor,
    head: DetectionHead,
    sigma_factor: float,
) -> Tensor:
    """The term of points [P, n, 2] that `mask` [P, n] has, by the heads' rows at the P objects and their means."""
    mixture = mixture_of(rows, prediction, head, sigma_factor)
    return mixture_loss(mixture, points, mask, factors_of(head, points.shape[1], mixture.scales))
