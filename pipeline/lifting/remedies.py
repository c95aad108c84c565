"""Remedies for collapsing mixtures over poses: the terms of a loss in training, by `likelihood.kind`.

The equations are in training/mixture_remedies.py. Validation and evaluation always have the plain likelihood.
"""

from __future__ import annotations

from torch import Tensor

from pipeline.config import LiftingVariant
from pipeline.config.mixtures import AnnealedLikelihood, DirichletPrior, EvolvingWinners
from pipeline.lifting.outputs import PoseMixture, distribution
from pipeline.mixture import GaussianMixture
from pipeline.training import mixture_remedies
from pipeline.training.moment import Done


def annealed_terms(variant: LiftingVariant, pose: PoseMixture, targets: Tensor, done: Done) -> dict[str, Tensor]:
    assert isinstance(variant.likelihood, AnnealedLikelihood)
    exponent = mixture_remedies.annealing_exponent(
        done, variant.likelihood.first_exponent, variant.likelihood.share_of_steps
    )
    mixture, value = _density(pose, targets)
    return {"annealed negative log-likelihood": _per_pose(_annealed(mixture, value, exponent))}


def winners_terms(variant: LiftingVariant, pose: PoseMixture, targets: Tensor, done: Done) -> dict[str, Tensor]:
    assert isinstance(variant.likelihood, EvolvingWinners)
    mixture, value = _density(pose, targets)
    count = mixture_remedies.winner_count(done, mixture.logits.shape[-1], variant.likelihood.share_of_steps)
    if count is None:
        return {"winners' negative log-likelihood": _per_pose(_annealed(mixture, value, 1.0))}
    distances = (mixture.means - value.unsqueeze(-2)).detach().square().sum(dim=-1)
    losers = variant.likelihood.share_of_losers
    losses = mixture_remedies.winners_nll(_log_joint(mixture, value), distances, count, losers)
    return {"winners' negative log-likelihood": _per_pose(losses)}


def prior_terms(variant: LiftingVariant, pose: PoseMixture, targets: Tensor, done: Done) -> dict[str, Tensor]:
    assert isinstance(variant.likelihood, DirichletPrior)
    mixture, value = _density(pose, targets)
    penalty = mixture_remedies.dirichlet_penalty(mixture.log_weights, variant.likelihood.concentration)
    return {
        "negative log-likelihood": _per_pose(_annealed(mixture, value, 1.0)),
        "Dirichlet prior": _per_pose(penalty),
    }


def _density(pose: PoseMixture, targets: Tensor) -> tuple[GaussianMixture, Tensor]:
    """The mixtures and the targets as values of them: [B, 3 J] at pose level, [B, J, 3] at node level."""
    return distribution(pose), targets.flatten(1) if pose.level == "pose" else targets


def _log_joint(mixture: GaussianMixture, value: Tensor) -> Tensor:
    """Log-weight plus log-density of each component, [B, K] or [B, J, K]."""
    return mixture.component_log_prob(value) + mixture.log_weights


def _annealed(mixture: GaussianMixture, value: Tensor, exponent: float | Tensor) -> Tensor:
    return mixture_remedies.annealed_nll(_log_joint(mixture, value), exponent)


def _per_pose(losses: Tensor) -> Tensor:
    """The mean over B poses of losses [B], or [B, J] of joints that are summed."""
    return losses.flatten(1).sum(dim=1).mean() if losses.ndim > 1 else losses.mean()
