"""The likelihood of the true pose under a mixture, the loss of GraphMDN."""

from __future__ import annotations

from typing import TYPE_CHECKING

from torch import Tensor

from pipeline.geometry.skeleton import Skeleton
from pipeline.lifting.losses.checks import check_shapes
from pipeline.lifting.mixture_density import distribution
from pipeline.lifting.output_types import PoseMixture

if TYPE_CHECKING:
    from pipeline.config import LiftingVariant


def pose_nll(mixture: PoseMixture, target: Tensor) -> Tensor:
    """Negative log-likelihood of poses [B, J, 3] under pose-level mixtures (GraphMDN, Eq. 9): nats a pose."""
    _check_level(mixture, "pose")
    check_shapes(mixture.means[:, 0], target)
    return -distribution(mixture).log_prob(target.flatten(1)).mean()


def node_nll(mixture: PoseMixture, target: Tensor) -> Tensor:
    """Negative log-likelihood of poses [B, J, 3], joints being independent (GraphMDN, Eq. 5): nats a pose."""
    _check_level(mixture, "node")
    check_shapes(mixture.means[:, 0], target)
    return -distribution(mixture).log_prob(target).sum(dim=1).mean()


def pose_terms(variant: LiftingVariant, pose: PoseMixture, targets: Tensor, skeleton: Skeleton) -> dict[str, Tensor]:
    nll = pose_nll if variant.head.level == "pose" else node_nll
    return {"negative log-likelihood": nll(pose, targets)}


def _check_level(mixture: PoseMixture, level: str) -> None:
    if mixture.level != level:
        raise ValueError(f"a {mixture.level}-level mixture has no {level}-level likelihood")
