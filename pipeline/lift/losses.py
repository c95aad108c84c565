"""What lifting networks minimise. Every loss is a mean over the batch; lengths are in metres, likelihoods in nats.

Targets have their root at exactly 0, and like the authors' losses these keep it: the root's squared error is one of J,
and at pose level a mixture's density counts its three dimensions. (Evaluation puts predicted roots to 0.)
"""

import torch
from torch import Tensor, nn

from pipeline.geometry.skeleton import Skeleton
from pipeline.lift.models.mixture_head import PoseMixture


def mean_squared_error(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean over all coordinates of [B, J, 3], as the authors train SemGCN: Eq. 7's joint term divided by 3 J."""
    _check(prediction, target)
    return nn.functional.mse_loss(prediction, target)


def joints_and_bones(prediction: Tensor, target: Tensor, skeleton: Skeleton) -> dict[str, Tensor]:
    """SemGCN's Eq. 7 as its two terms, `joints` and `bones`; their sum is the loss.

    The paper sums squared errors of joints and of bone vectors (parent to child or back, the square is the same) with
    equal weight. Both sums are divided by 3 J here, so that `joints` is `mean_squared_error` and the two losses have
    one scale.
    """
    _check(prediction, target)
    error = prediction - target
    # Joint by joint, because a list of indices would be copied to the device in every step.
    bone_error = torch.stack([error[:, child] - error[:, parent] for parent, child in skeleton.edges])
    return {
        "joints": error.square().mean(),
        "bones": bone_error.square().sum() / error.numel(),
    }


def pose_nll(mixture: PoseMixture, target: Tensor) -> Tensor:
    """Negative log-likelihood of poses [B, J, 3] under pose-level mixtures (GraphMDN, Eq. 9): nats a pose."""
    _check_level(mixture, "pose")
    _check(mixture.means[:, 0], target)
    return -mixture.distribution().log_prob(target.flatten(1)).mean()


def node_nll(mixture: PoseMixture, target: Tensor) -> Tensor:
    """Negative log-likelihood of poses [B, J, 3], joints being independent (GraphMDN, Eq. 5): nats a pose."""
    _check_level(mixture, "node")
    _check(mixture.means[:, 0], target)
    return -mixture.distribution().log_prob(target).sum(dim=1).mean()


def _check(prediction: Tensor, target: Tensor) -> None:
    if prediction.shape != target.shape:
        raise ValueError(f"prediction {list(prediction.shape)} and target {list(target.shape)} differ in shape")


def _check_level(mixture: PoseMixture, level: str) -> None:
    if mixture.level != level:
        raise ValueError(f"a {mixture.level}-level mixture has no {level}-level likelihood")
