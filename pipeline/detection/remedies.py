"""Remedies for collapsing mixtures over keypoints or sizes: the mixture's term in training, by `head.likelihood.kind`.

The equations are in training/mixture_remedies.py. As in the plain term (losses.py), points outside the mask are left
out, and the sum over objects is divided by 1 + their number. P objects, n points, K components.
"""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor

from pipeline.config.detection import DetectionHead
from pipeline.config.mixtures import AnnealedLikelihood, DirichletPrior, EvolvingWinners
from pipeline.detection.losses import average_nll
from pipeline.detection.models.centernet import factors_of, mixture_of
from pipeline.mixture import GaussianMixture
from pipeline.training import mixture_remedies
from pipeline.training.moment import Done


def annealed_term(
    rows: Mapping[str, Tensor],
    prediction: Tensor,
    points: Tensor,
    mask: Tensor,
    head: DetectionHead,
    sigma_factor: float,
    done: Done,
) -> Tensor:
    assert isinstance(head.likelihood, AnnealedLikelihood)
    exponent = mixture_remedies.annealing_exponent(done, head.likelihood.first_exponent, head.likelihood.share_of_steps)
    mixture = mixture_of(rows, prediction, head, sigma_factor)
    losses = mixture_remedies.annealed_nll(_log_joint(mixture, points, mask), exponent)
    return _average(losses, mixture, mask, head)


def winners_term(
    rows: Mapping[str, Tensor],
    prediction: Tensor,
    points: Tensor,
    mask: Tensor,
    head: DetectionHead,
    sigma_factor: float,
    done: Done,
) -> Tensor:
    assert isinstance(head.likelihood, EvolvingWinners)
    mixture = mixture_of(rows, prediction, head, sigma_factor)
    log_joint = _log_joint(mixture, points, mask)
    count = mixture_remedies.winner_count(done, log_joint.shape[-1], head.likelihood.share_of_steps)
    if count is None:
        return _average(mixture_remedies.annealed_nll(log_joint, 1.0), mixture, mask, head)
    apart = (mixture.means - points.flatten(1)[:, None]).detach()  # [P, K, 2 n], cells
    distances = apart.masked_fill(~mask.repeat_interleave(2, dim=1)[:, None], 0.0).square().sum(dim=-1)
    losses = mixture_remedies.winners_nll(log_joint, distances, count, head.likelihood.share_of_losers)
    return _average(losses, mixture, mask, head)


def prior_term(
    rows: Mapping[str, Tensor],
    prediction: Tensor,
    points: Tensor,
    mask: Tensor,
    head: DetectionHead,
    sigma_factor: float,
    done: Done,
) -> Tensor:
    assert isinstance(head.likelihood, DirichletPrior)
    mixture = mixture_of(rows, prediction, head, sigma_factor)
    losses = mixture_remedies.annealed_nll(_log_joint(mixture, points, mask), 1.0)
    penalty = mixture_remedies.dirichlet_penalty(mixture.log_weights, head.likelihood.concentration)
    return _average(losses + penalty, mixture, mask, head)


def _log_joint(mixture: GaussianMixture, points: Tensor, mask: Tensor) -> Tensor:
    """Log-weight plus log-density of each component at points [P, n, 2] in the mask, [P, K]."""
    return mixture.component_log_prob(points.flatten(1), mask.repeat_interleave(2, dim=1)) + mixture.log_weights


def _average(losses: Tensor, mixture: GaussianMixture, mask: Tensor, head: DetectionHead) -> Tensor:
    return average_nll(losses, mask, factors_of(head, mask.shape[1], mixture.scales))
