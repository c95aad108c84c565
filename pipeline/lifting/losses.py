"""What lifting networks minimise: the losses of the papers, and which of them a variant has.

Every loss is a mean over the batch; lengths are in metres, likelihoods in nats. Targets have their root at exactly 0,
and like the authors' losses these keep it: the root's squared error is one of J, and at pose level a mixture's density
counts its three dimensions. (Evaluation puts predicted roots to 0.)
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from pipeline.config import LiftingVariant, modules
from pipeline.lifting.mesh_targets import MeshBatch
from pipeline.lifting.outputs import (
    Output,
    PoseAndMeshes,
    PoseMixture,
    PoseSamples,
    RefinedPose,
    distribution,
    main_prediction,
)
from pipeline.training.moment import Done


def loss_terms(
    variant: LiftingVariant,
    output: Output | RefinedPose,
    targets: Tensor,
    meshes: MeshBatch | None = None,
    done: Done | None = None,
) -> dict[str, Tensor]:
    """What the variant minimises, by name, as means over the batch.

    `done` is the share of the training that is done, from 0 to 1. A mixture's own `likelihood` (lifting/remedies.py)
    counts in training only: without `done` the loss is the plain likelihood.

    HGN minimises its Eq. 4, its authors' loss, or the pose's own loss and Eq. 4's mesh term. Without meshes (another
    data set) the mesh term is left out. The loss of samples is that of their mean. In training a refined pose and the
    pose before its refinement both count.
    """
    if isinstance(output, RefinedPose):
        terms = loss_terms(variant, output.before, targets)
        before = {f"{name}, before": value for name, value in terms.items()}
        return loss_terms(variant, output.pose, targets) | before
    pose = output.pose if isinstance(output, PoseAndMeshes) else output
    if isinstance(pose, PoseSamples):
        pose = main_prediction(pose)
    if isinstance(pose, PoseMixture) and done is not None and variant.likelihood:
        terms = modules.load(modules.LIKELIHOODS[variant.likelihood.kind])(variant, pose, targets, done)
    else:
        pose_terms = modules.load(modules.POSE_LOSSES["mixture" if isinstance(pose, PoseMixture) else variant.loss])
        terms = pose_terms(variant, pose, targets)
    if isinstance(output, PoseAndMeshes) and meshes and (mesh_loss := modules.mesh_loss(variant)):
        terms |= modules.load(mesh_loss)(variant, output, meshes)
    return terms


# --- SemGCN -----------------------------------------------------------------------------------------------------------


def mean_squared_error(prediction: Tensor, target: Tensor) -> Tensor:
    """Mean over all coordinates of [B, J, 3], as the authors train SemGCN: Eq. 7's joint term divided by 3 J."""
    _check_shapes(prediction, target)
    return nn.functional.mse_loss(prediction, target)


# --- GraphMDN ---------------------------------------------------------------------------------------------------------


def pose_nll(mixture: PoseMixture, target: Tensor) -> Tensor:
    """Negative log-likelihood of poses [B, J, 3] under pose-level mixtures (GraphMDN, Eq. 9): nats per pose."""
    _check_level(mixture, "pose")
    _check_shapes(mixture.means[:, 0], target)
    return -distribution(mixture).log_prob(target.flatten(1)).mean()


def node_nll(mixture: PoseMixture, target: Tensor) -> Tensor:
    """Negative log-likelihood of poses [B, J, 3], joints being independent (GraphMDN, Eq. 5): nats per pose."""
    _check_level(mixture, "node")
    _check_shapes(mixture.means[:, 0], target)
    return -distribution(mixture).log_prob(target).sum(dim=1).mean()


# --- HGN --------------------------------------------------------------------------------------------------------------


def squared_distances(prediction: Tensor, target: Tensor) -> Tensor:
    """The pose term of HGN's Eq. 4: squared distances [B, J, 3], summed over a pose's joints."""
    _check_shapes(prediction, target)
    return (prediction - target).square().sum() / len(target)


def mesh_distances(output: PoseAndMeshes, meshes: MeshBatch) -> Tensor:
    """The mesh term of HGN's Eq. 4, without its weight: squared distances, summed over the real nodes of both graphs.

    The mean is over the poses whose body fits; 0 where there is none.
    """
    return sum(_mean_of_usable(one.sum(dim=(1, 2)), meshes) for one in _squared_errors(output, meshes))  # type: ignore


def mesh_mean_squared_errors(output: PoseAndMeshes, meshes: MeshBatch) -> Tensor:
    """The mesh term of the authors' code: the mean squared errors of both meshes, summed."""
    return sum(_mean_of_usable(one.mean(dim=(1, 2)), meshes) for one in _squared_errors(output, meshes))  # type: ignore


def _squared_errors(output: PoseAndMeshes, meshes: MeshBatch) -> list[Tensor]:
    """[B, real nodes, 3] of each mesh that the network gives."""
    pairs = ((output.coarse, meshes.coarse, meshes.coarse_nodes), (output.fine, meshes.fine, meshes.fine_nodes))
    return [(mesh.index_select(1, nodes) - target).square() for mesh, target, nodes in pairs if mesh is not None]


def _mean_of_usable(losses: Tensor, meshes: MeshBatch) -> Tensor:
    """The mean of losses [B] over the poses whose body fits."""
    return torch.where(meshes.usable, losses, 0.0).sum() / meshes.usable.sum().clamp_min(1)


# --- the terms of a variant's loss, by name (config/modules.py) -------------------------------------------------------


def joint_terms(variant: LiftingVariant, pose: Tensor, targets: Tensor) -> dict[str, Tensor]:
    return {"mean squared error": mean_squared_error(pose, targets)}


def likelihood_terms(variant: LiftingVariant, pose: PoseMixture, targets: Tensor) -> dict[str, Tensor]:
    nll = pose_nll if variant.head.level == "pose" else node_nll
    return {"negative log-likelihood": nll(pose, targets)}


def distance_terms(variant: LiftingVariant, pose: Tensor, targets: Tensor) -> dict[str, Tensor]:
    return {"joints": squared_distances(pose, targets)}


def scaled_joint_terms(variant: LiftingVariant, pose: Tensor, targets: Tensor) -> dict[str, Tensor]:
    return {"100 x mean squared error": 100 * mean_squared_error(pose, targets)}


def weighted_mesh_terms(variant: LiftingVariant, output: PoseAndMeshes, meshes: MeshBatch) -> dict[str, Tensor]:
    return {"meshes": variant.mesh_weight * mesh_distances(output, meshes)}


def mesh_error_terms(variant: LiftingVariant, output: PoseAndMeshes, meshes: MeshBatch) -> dict[str, Tensor]:
    return {"meshes": mesh_mean_squared_errors(output, meshes)}


def _check_shapes(prediction: Tensor, target: Tensor) -> None:
    """ValueError if they differ."""
    if prediction.shape != target.shape:
        raise ValueError(f"prediction {list(prediction.shape)} and target {list(target.shape)} differ in shape")


def _check_level(mixture: PoseMixture, level: str) -> None:
    if mixture.level != level:
        raise ValueError(f"a {mixture.level}-level mixture has no {level}-level likelihood")
