"""What lifting networks minimise. Every loss is a mean over the batch; lengths are in metres, likelihoods in nats.

Targets have their root at exactly 0, and like the authors' losses these keep it: the root's squared error is one of J,
and at pose level a mixture's density counts its three dimensions. (Evaluation puts predicted roots to 0.)
"""

import torch
from torch import Tensor, nn

from pipeline.geometry.skeleton import Skeleton
from pipeline.lift.mesh_targets import MeshBatch
from pipeline.lift.models.hierarchical_graph_network import PoseAndMeshes
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


def squared_distances(prediction: Tensor, target: Tensor) -> Tensor:
    """The pose term of HGN's Eq. 4: squared distances [B, J, 3], summed over a pose's joints."""
    _check(prediction, target)
    return (prediction - target).square().sum() / len(target)


def mesh_distances(output: PoseAndMeshes, meshes: MeshBatch) -> Tensor:
    """The mesh term of HGN's Eq. 4, without its weight: squared distances, summed over the real nodes of both graphs.

    The mean is over the poses whose body fits; 0 where there is none.
    """
    return sum(_of_usable(one.sum(dim=(1, 2)), meshes) for one in _squared_errors(output, meshes))  # type: ignore


def mesh_mean_squared_errors(output: PoseAndMeshes, meshes: MeshBatch) -> Tensor:
    """The mesh term of the authors' code: the mean squared errors of both meshes, added up."""
    return sum(_of_usable(one.mean(dim=(1, 2)), meshes) for one in _squared_errors(output, meshes))  # type: ignore


def _squared_errors(output: PoseAndMeshes, meshes: MeshBatch) -> list[Tensor]:
    """[B, real nodes, 3] of each mesh that the network gives."""
    pairs = (*((output.coarse, meshes.coarse, meshes.coarse_nodes), (output.fine, meshes.fine, meshes.fine_nodes)),)
    return [(mesh.index_select(1, nodes) - target).square() for mesh, target, nodes in pairs if mesh is not None]


def _of_usable(losses: Tensor, meshes: MeshBatch) -> Tensor:
    """The mean of losses [B] over the poses whose body fits."""
    return torch.where(meshes.usable, losses, 0.0).sum() / meshes.usable.sum().clamp_min(1)


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
